package staging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// broken is a store that fails a worker in one way.
type broken struct {
	staging.Store
	write, read, remove error
	replaces, spoils    bool
}

func (s broken) PutNew(ctx context.Context, key string, r io.Reader) error {
	switch {
	case s.write != nil:
		return s.write
	case s.replaces:
		return s.Put(ctx, key, r)
	case s.spoils:
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		r = bytes.NewReader(b)
	}
	return s.Store.PutNew(ctx, key, r)
}

func (s broken) Open(ctx context.Context, key string) (staging.File, error) {
	if s.read != nil {
		return nil, s.read
	}
	return s.Store.Open(ctx, key)
}

func (s broken) Delete(ctx context.Context, keys ...string) error {
	if s.remove != nil {
		return s.remove
	}
	return s.Store.Delete(ctx, keys...)
}

func TestCheckFindsWhatARunWouldStumbleOver(t *testing.T) {
	cause := errors.New("the store says no")
	for name, c := range map[string]struct {
		store broken
		class error
		text  string
	}{
		"read only": {broken{write: cause}, cause, "cannot be written to"},
		"full": {
			broken{write: fmt.Errorf("%w: /x", staging.ErrFull)},
			staging.ErrFull,
			"cannot be written to: staging is full: /x",
		},
		"write only":       {broken{read: cause}, cause, "cannot be read back"},
		"spoils":           {broken{spoils: true}, staging.ErrCorrupt, "reads differently"},
		"keeps everything": {broken{remove: cause}, cause, "cannot be deleted"},
		"replaces":         {broken{replaces: true}, staging.ErrRejected, "If-None-Match is ignored"},
	} {
		t.Run(name, func(t *testing.T) {
			inner := newStore(t)
			c.store.Store = inner
			err := staging.Check(t.Context(), c.store)
			require.ErrorIs(t, err, c.class)
			require.ErrorContains(t, err, c.text)
			if name != "keeps everything" {
				require.NoError(t, inner.List(t.Context(), "",
					func(e staging.Entry) error { return errors.New(e.Key) }), "nothing stays")
			}
		})
	}
}
