package s3_test

import (
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/s3server"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
	"github.com/tablehaul/tablehaul/internal/staging/stagingtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := s3server.StopShared(); err != nil {
		code = 1
	}
	os.Exit(code)
}

func open(t *testing.T, raw string) *s3.Store {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	l, err := s3url.Parse(u)
	require.NoError(t, err)
	s, err := s3.Open(t.Context(), l)
	require.NoError(t, err)
	return s
}

func TestContract(t *testing.T) {
	server := s3server.Shared(t)
	stagingtest.Contract(t, func(t *testing.T) staging.Store { return open(t, server.URL(t)) })
}
