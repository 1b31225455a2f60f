package mysqlerr

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

var (
	// ErrBadDSN is returned for a DSN that cannot be parsed or holds a parameter
	// that would change what rows or errors mean.
	ErrBadDSN = errors.New("the DSN cannot be used")
	// ErrServerTooOld is returned for a server older than MySQL 5.7 or MariaDB 10.3.
	ErrServerTooOld = errors.New("the server is too old")
)

// DSNError is what is wrong with a DSN, and what to write instead. It never holds a piece of the
// DSN that could be of the password.
type DSNError struct{ What, Write string }

// Error is both in one line.
func (e *DSNError) Error() string { return ErrBadDSN.Error() + ": " + e.What + ": " + e.Write }

// Unwrap makes errors.Is find ErrBadDSN.
func (e *DSNError) Unwrap() error { return ErrBadDSN }

// FileError is a file of this machine that the configuration names and that cannot be read. It is permanent.
type FileError struct {
	Path  string
	Cause error
}

// Error says which file it is and why.
func (e *FileError) Error() string {
	cause := e.Cause
	if path := (*fs.PathError)(nil); errors.As(cause, &path) {
		cause = path.Err
	}
	return fmt.Sprintf("the file %s of the connection's ca setting cannot be used: %v", e.Path, cause)
}

// Unwrap is why.
func (e *FileError) Unwrap() error { return e.Cause }

// RefusedLogin is a server's refusal of a login, which is not tried again before Next.
type RefusedLogin struct {
	Cause error
	Next  time.Time
	Pause time.Duration // between the refusal and Next
}

// Error is the server's refusal.
func (e *RefusedLogin) Error() string { return e.Cause.Error() }

// Unwrap is the server's refusal.
func (e *RefusedLogin) Unwrap() error { return e.Cause }
