package files

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	// ErrEnough is for callers of Store.List whose function has seen enough: List returns it like any error of theirs.
	ErrEnough = errors.New("enough was seen")
	// ErrNotFound is returned for a file that is not there.
	ErrNotFound = errors.New("file not found")
	// ErrChanged is returned where a file is not the version any more that was listed.
	ErrChanged = errors.New("the file has changed since it was listed")
	// ErrForeign is returned for what is no plain file: a symbolic link, a device, a folder where a file is expected.
	ErrForeign = errors.New("not a plain file in plain folders")
	// ErrUnavailable is returned where the store does not answer, or says that it is busy. It passes by itself.
	ErrUnavailable = errors.New("the store of files is not available")
	// ErrCredentials is returned where the store's credentials have expired or cannot be had, or the machine's clock
	// is off. It passes when that is corrected.
	ErrCredentials = errors.New("the store of files does not accept this worker's credentials")
	// ErrRejected is returned where the store refuses for good: a permission, a bucket that is not there, a setting.
	// The text says what to change.
	ErrRejected = errors.New("the store of files refuses")
	// ErrURL is returned by Open for a URL that names no usable store. The text says what to change, and never
	// repeats the URL, which could hold a secret.
	ErrURL = errors.New("url of files")
)

// Entry is what a store says of a file without opening it.
type Entry struct {
	// Key is the path below the store's URL, with slashes. It may hold any character.
	Key  string `json:"key"`
	Size int64  `json:"size"`
	// Modified is when the file was written last, by the store's clock.
	Modified time.Time `json:"modified"`
	// Changed is when the file came to its place, or when its owner or mode changed: later than Modified where it was
	// moved, or copied with its time. It is zero where the store does not know.
	Changed time.Time `json:"-"`
	// Version changes with the content: an ETag, or size and time of the last change.
	Version string `json:"version"`
}

// Arrived is when the file was written, or came to its place, as far as the store knows.
func (e Entry) Arrived() time.Time {
	if e.Changed.After(e.Modified) {
		return e.Changed
	}
	return e.Modified
}

// A Store has files that others write. Reading never changes them. It is safe for concurrent use.
type Store interface {
	// List calls f for each file whose key begins with prefix, in no particular order, and stops at f's first error.
	// It follows pages, and no symbolic link: a link is an Entry that Open refuses, as is a name that is no UTF-8. A
	// folder that is not there has no files. Files that are written or removed meanwhile may be missed.
	List(ctx context.Context, prefix string, f func(Entry) error) error
	// Stat is what List says of one file. It fails with ErrNotFound.
	Stat(ctx context.Context, key string) (Entry, error)
	// Open opens the very version of the file that the entry names; an entry without a version is any. It fails with
	// ErrChanged where the file is another version by now, with ErrNotFound where it is gone, and with ErrForeign.
	// ctx holds for the File's reads too, which fail with ErrChanged where the store knows that the file has changed
	// since. A folder does not know that: see Unchanged.
	Open(ctx context.Context, e Entry) (File, error)
	// Remove removes the file if it still is the version that the entry names. A file that is gone is no error;
	// another version is ErrChanged.
	Remove(ctx context.Context, e Entry) error
	// CanPutAway fails with ErrRejected or ErrForeign where it is known before that files like this one cannot be
	// removed, or cannot be moved to the key to where that is not empty. With try it tries it with an empty file of its
	// own, whose name is hidden, and which is gone afterwards; otherwise it writes nothing, and sees less.
	CanPutAway(ctx context.Context, e Entry, to string, try bool) error
	// Move gives the file another key if it still is the version that the entry names, and replaces what has that
	// key. A file that is gone is no error, so that Move may be repeated.
	Move(ctx context.Context, e Entry, to string) error
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.Closer
	// Size is the whole file's, in bytes.
	Size() int64
}

// Unchanged fails with ErrChanged or ErrNotFound where a file is not the version any more that e names. What was read
// of a file counts only after it.
func Unchanged(ctx context.Context, s Store, e Entry) error {
	f, err := s.Open(ctx, e)
	if err != nil {
		return err
	}
	return f.Close()
}
