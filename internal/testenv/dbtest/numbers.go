package dbtest

import (
	"time"
)

// Soon bounds what a server on this machine needs for anything.
const Soon = 2 * time.Minute
