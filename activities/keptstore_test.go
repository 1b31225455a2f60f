package activities_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// keptStore is a store that none of some texts may get into.
type keptStore struct {
	staging.Store
	t       *testing.T
	secrets []string
}

func (s *keptStore) Put(ctx context.Context, key string, r io.Reader) error {
	text, err := io.ReadAll(r)
	require.NoError(s.t, err)
	for _, secret := range s.secrets {
		require.NotContains(s.t, string(text), secret, key)
	}
	return s.Store.Put(ctx, key, bytes.NewReader(text))
}
