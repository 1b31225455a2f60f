package staging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// verifyBytes is how much VerifyPart reads between two heartbeats: a fraction of a second even on a slow disk.
const verifyBytes = 1 << 20

// VerifyPart compares a part's size and its hash with what the manifest says: by the checksum that the store
// keeps, where it keeps one, else by reading all of the part. beat, which may be nil, is called with the
// bytes read so far, about once a MiB. A part that is gone is ErrNotFound; one that differs is ErrCorrupt.
func VerifyPart(ctx context.Context, s Store, part table.Part, beat func(done int64)) error {
	if compared, err := compareStored(ctx, s, part); compared || err != nil {
		return err
	}
	f, err := s.Open(ctx, part.Key)
	if err != nil {
		return fmt.Errorf("verifying a part: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if f.Size() != part.Size {
		return fmt.Errorf("%w: %s has %d bytes, its manifest says %d", ErrCorrupt, part.Key, f.Size(), part.Size)
	}
	sum, buf := sha256.New(), make([]byte, verifyBytes)
	for done := int64(0); done < part.Size; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verifying %s: %w", part.Key, err)
		}
		n := min(int64(len(buf)), part.Size-done)
		if err := readFull(f, buf[:n], done); err != nil {
			return fmt.Errorf("verifying %s: %w", part.Key, err)
		}
		sum.Write(buf[:n])
		if done += n; beat != nil {
			beat(done)
		}
	}
	return compareSum(sum, part)
}

// compareSum holds the hash of all bytes of a part against what its manifest says.
func compareSum(h hash.Hash, part table.Part) error {
	if hex.EncodeToString(h.Sum(nil)) != part.SHA256 {
		return fmt.Errorf("%w: the SHA-256 of %s is not that of its manifest", ErrCorrupt, part.Key)
	}
	return nil
}

// CopyPart copies a part to another key, and returns the checksum that the store keeps of the copy; empty where it
// keeps none. A part that is gone is ErrNotFound. One that differs from what its manifest says is ErrCorrupt, and is
// not copied.
func CopyPart(ctx context.Context, s Store, part table.Part, to string) (stored string, err error) {
	f, err := s.Open(ctx, part.Key)
	if err != nil {
		return "", fmt.Errorf("copying a part: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return Put(ctx, s, to, &partReader{io.NewSectionReader(f, 0, f.Size()), sha256.New(), part})
}

// partReader is the content of a part. It fails at the end where that is not the content of the manifest.
type partReader struct {
	r    io.Reader
	hash hash.Hash
	part table.Part
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.hash.Write(b[:n])
	if errors.Is(err, io.EOF) {
		if bad := compareSum(p.hash, p.part); bad != nil {
			err = bad
		}
	}
	return n, err
}

// readFull is ReadAt without the freedom to return io.EOF along with the last byte.
func readFull(f File, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ReadSpans reads pieces of a staged file and verifies their hashes: what it returns are exactly the bytes
// that were hashed when the file was written.
func ReadSpans(ctx context.Context, s Store, key string, spans ...table.Span) ([][]byte, error) {
	f, err := s.Open(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("reading a staged file: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	out := make([][]byte, len(spans))
	for i, span := range spans {
		// Checked before memory is given to a size that is not verified.
		if span.Offset < 0 || span.Size < 0 || span.Offset > f.Size()-span.Size {
			return nil, fmt.Errorf("%w: %s has %d bytes, a piece of it would end at %d", ErrCorrupt, key, f.Size(),
				span.Offset+span.Size)
		}
		out[i] = make([]byte, span.Size)
		if err := readFull(f, out[i], span.Offset); err != nil {
			return nil, fmt.Errorf("reading %s: %w", key, err)
		}
		if hash := sha256.Sum256(out[i]); hex.EncodeToString(hash[:]) != span.SHA256 {
			return nil, fmt.Errorf("%w: the SHA-256 of bytes %d to %d of %s is not that of its manifest",
				ErrCorrupt, span.Offset, span.Offset+span.Size, key)
		}
	}
	return out, nil
}

// Sweep deletes the files of ours under prefix that were last written before the given time: those of attempts and runs
// that never came to their own cleanup. Foreign files stay. It returns how many it deleted.
func Sweep(ctx context.Context, s Store, prefix string, before time.Time) (int, error) {
	var keys []string
	err := s.List(ctx, prefix, func(e Entry) error {
		if Ours(e.Key) && e.Modified.Before(before) {
			keys = append(keys, e.Key)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sweeping %s: %w", prefix, err)
	}
	if err := s.Delete(ctx, keys...); err != nil {
		return 0, fmt.Errorf("sweeping %s: %w", prefix, err)
	}
	return len(keys), nil
}
