package staging

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	// ErrNotFound is returned by Open for a key that is not there.
	ErrNotFound = errors.New("staged file not found")
	// ErrExists is returned by PutNew for a key that is there already.
	ErrExists = errors.New("staged file exists already")
	// ErrFull is returned by Put and PutNew where the store has no room left. It passes when
	// room is made, so it is worth waiting for.
	ErrFull = errors.New("staging is full")
	// ErrUnavailable is returned where the store does not answer, or says that it is busy. It passes by itself.
	ErrUnavailable = errors.New("staging is not available")
	// ErrCredentials is returned where the store's credentials have expired or cannot be had, or
	// the machine's clock is off. It passes when that is corrected.
	ErrCredentials = errors.New("staging does not accept this worker's credentials")
	// ErrRejected is returned where the store refuses for good: a permission, a bucket that is
	// not there, a setting. The text says what to change.
	ErrRejected = errors.New("staging refuses")
	// ErrKey is returned for a key that no store takes, see CheckKey.
	ErrKey = errors.New("not a staging key")
	// ErrCorrupt is returned where a staged file differs from what its manifest says, or a
	// manifest from itself. It names the file and what differs.
	ErrCorrupt = errors.New("staged file is corrupt")
)

// A Store holds staged files between extract and upsert. It is safe for concurrent use.
//
// A key is visible only once its content is complete: no reader ever sees half a file, not even after a crash.
type Store interface {
	// Put makes key visible with r's content, whole or not at all. It replaces what was there.
	// An error of r comes back wrapped.
	Put(ctx context.Context, key string, r io.Reader) error
	// PutNew is Put that fails with ErrExists when the key is already there. Of several at once exactly one succeeds.
	PutNew(ctx context.Context, key string, r io.Reader) error
	// Open fails with ErrNotFound where the key is not there. The content cannot change under
	// an open File. ctx holds for the File's reads too.
	Open(ctx context.Context, key string) (File, error)
	// Delete removes keys, and goes on after an error. Missing keys are not an error.
	Delete(ctx context.Context, keys ...string) error
	// List calls f for each key that begins with prefix, in no particular order, and stops at
	// f's first error. Keys written or deleted meanwhile may be missed.
	List(ctx context.Context, prefix string, f func(Entry) error) error
}

// Shared reports whether a store says of itself, by a method Shared, that workers on every
// machine see the same files. A folder does not know that.
func Shared(s Store) bool {
	says, ok := s.(interface{ Shared() bool })
	return ok && says.Shared()
}

// File is an open staged file.
type File interface {
	io.ReaderAt
	io.Closer
	// Size is the whole file's, in bytes.
	Size() int64
}

// Entry is what List knows of a file.
type Entry struct {
	Key      string
	Size     int64
	Modified time.Time
}

// ReaderOf is r until ctx ends, whose error is then that of every read: it ends a copy.
func ReaderOf(ctx context.Context, r io.Reader) io.Reader { return ctxReader{ctx, r} }

type ctxReader struct {
	ctx context.Context // lives for one copy
	r   io.Reader
}

func (c ctxReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
