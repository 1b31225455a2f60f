package staging

import (
	"context"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Summed is a Store that keeps a checksum of its own beside each file, so that a file can be
// compared without reading it.
type Summed interface {
	Store
	// PutSum is Put that returns the checksum of what it wrote, in the store's own form.
	PutSum(ctx context.Context, key string, r io.Reader) (sum string, err error)
	// Stat returns the size and the checksum that the store has for key; an empty checksum
	// means that it keeps none. It fails with ErrNotFound where the key is not there.
	Stat(ctx context.Context, key string) (size int64, sum string, err error)
}

// Put writes key and returns the checksum that the store keeps of it; empty where it keeps none.
func Put(ctx context.Context, s Store, key string, r io.Reader) (sum string, err error) {
	if summed, ok := s.(Summed); ok {
		return summed.PutSum(ctx, key, r)
	}
	return "", s.Put(ctx, key, r)
}

// Stat returns the size of key, and the checksum that the store keeps of it; empty where it keeps none. It fails with
// ErrNotFound where the key is not there.
func Stat(ctx context.Context, s Store, key string) (size int64, sum string, err error) {
	if summed, ok := s.(Summed); ok {
		return summed.Stat(ctx, key)
	}
	f, err := s.Open(ctx, key)
	if err != nil {
		return 0, "", err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return f.Size(), "", nil
}

// compareStored compares a part with what the store itself knows of it. compared is false
// where it knows no checksum, and the part has to be read.
func compareStored(ctx context.Context, s Store, part table.Part) (compared bool, err error) {
	summed, ok := s.(Summed)
	if !ok || part.Stored == "" {
		return false, nil
	}
	size, sum, err := summed.Stat(ctx, part.Key)
	switch {
	case err != nil:
		return false, fmt.Errorf("verifying a part: %w", err)
	case size != part.Size:
		return false, fmt.Errorf("%w: %s has %d bytes, its manifest says %d", ErrCorrupt, part.Key, size, part.Size)
	case sum == "":
		return false, nil
	case sum != part.Stored:
		return false, fmt.Errorf("%w: the stored checksum of %s is not that of its manifest", ErrCorrupt, part.Key)
	}
	return true, nil
}
