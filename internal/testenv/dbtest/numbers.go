package dbtest

import (
	"time"
)

// Soon bounds what a server on this machine needs for anything.
const Soon = 20 * time.Second
