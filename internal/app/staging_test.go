package app_test

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := s3server.StopShared(); err != nil {
		code = 1
	}
	os.Exit(code)
}

// full is the file store on a disk without room.
type full struct{ staging.Store }

func (full) PutNew(context.Context, string, io.Reader) error {
	return fmt.Errorf("%w: no room left in /staging", staging.ErrFull)
}

// A worker that cannot use its staging says why and ends, before it takes work.
func TestAWorkerRefusesStagingThatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	link, plain := filepath.Join(dir, "link"), filepath.Join(dir, "plain")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	staging.Register("full", func(*url.URL) (staging.Store, error) {
		s, err := file.Open(t.TempDir())
		return full{s}, err
	})
	server := s3server.Shared(t)
	proxy := server.NewFaulty(t)
	proxy.Do(s3server.Refuse(403, "AccessDenied", nil))
	bucket, err := url.Parse(server.URL(t))
	require.NoError(t, err)
	bucket.Host += "-gone"
	for where, want := range map[string]string{
		"file://" + link:                      "symbolic link",
		"file://" + plain:                     "not a directory",
		"file:///proc/sys":                    "/proc/sys cannot be written to",
		"full:///x":                           "it cannot be written to: staging is full: no room left in /staging",
		bucket.String():                       "NoSuchBucket, status 404",
		server.Through(t, proxy.Endpoint, ""): "AccessDenied, status 403",
		server.Through(t, server.Endpoint, "region=us-west-2"): `expecting "eu-north-1"`,
		server.Through(t, server.Endpoint, "sse=aws:kms"):      "staging refuses",
	} {
		cfg, err := config.Load(strings.NewReader(`
connections: { a: { dsn: "u@tcp(h)/" } }
staging: { url: "file:///x" }
defaults: { sourceConnection: a, targetConnection: a }
tables: [ { name: s.t, target: d.t } ]
`), os.Getenv)
		require.NoError(t, err)
		cfg.Staging.URL = where
		err = app.RunWorker(t.Context(), app.WorkerOptions{Config: cfg, Getenv: func(string) string { return "" }})
		require.ErrorContains(t, err, "staging.url: ", where)
		require.ErrorContains(t, err, want, where)
		require.NotErrorIs(t, err, app.ErrTemporalUnreachable)
	}
}
