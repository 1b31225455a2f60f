package staging

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// checkBytes is written by Check: more than fits into the last corner of a full disk.
const checkBytes = 64 << 10

// checkCleanup bounds the removal of Check's file after a check that was broken off.
const checkCleanup = 10 * time.Second

// Check proves that a store does what runs need, by one small file of its own that nothing of it stays of: it can be
// written and read back, is never replaced by PutNew, and can be deleted. A worker calls it before it takes work.
func Check(ctx context.Context, s Store) (err error) {
	key := checkKey(strings.ToLower(rand.Text()))
	body := make([]byte, checkBytes)
	_, _ = rand.Read(body) // it never fails
	defer func() {
		if err != nil { // what was written is removed in any case
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkCleanup)
			defer cancel()
			_ = s.Delete(ctx, key)
		}
	}()
	if err := s.PutNew(ctx, key, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("it cannot be written to: %w", err)
	}
	got, err := readAll(ctx, s, key)
	if err != nil {
		return fmt.Errorf("what was written cannot be read back: %w", err)
	}
	if !bytes.Equal(got, body) {
		return fmt.Errorf("%w: what was written reads differently", ErrCorrupt)
	}
	switch err := s.PutNew(ctx, key, bytes.NewReader(nil)); {
	case err == nil:
		return fmt.Errorf("%w: it replaces files that must not be replaced (If-None-Match is ignored), so two "+
			"workers could publish "+
			"two manifests of one range: use a server that has conditional writes, or a folder", ErrRejected)
	case !errors.Is(err, ErrExists):
		return fmt.Errorf("it cannot be written to: %w", err)
	}
	if err := s.Delete(ctx, key); err != nil {
		return fmt.Errorf("what was written cannot be deleted: %w", err)
	}
	if _, err := s.Open(ctx, key); !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("what was deleted is still there: %w", errors.Join(ErrRejected, err))
	}
	return nil
}

func readAll(ctx context.Context, s Store, key string) ([]byte, error) {
	f, err := s.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	body := make([]byte, min(f.Size(), checkBytes+1))
	return body, readFull(f, body, 0)
}
