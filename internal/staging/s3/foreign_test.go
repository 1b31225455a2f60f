package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/staging/s3"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
)

// foreign has a store that writes objects, and the same ones as files of others, behind a proxy.
func foreign(t *testing.T) (*s3.Store, *s3.Foreign, *s3server.Faulty) {
	t.Helper()
	s, proxy := faulty(t, "")
	return s, s3.ForeignOf(s), proxy
}

func keysOf(t *testing.T, f files.Store, prefix string) (keys []string) {
	t.Helper()
	require.NoError(t, f.List(t.Context(), prefix, func(e files.Entry) error {
		keys = append(keys, e.Key)
		return nil
	}))
	slices.Sort(keys)
	return keys
}

func TestFilesOfOthersInABucket(t *testing.T) {
	t.Parallel()
	s, f, _ := foreign(t)
	s.SetPage(1)
	var want []string
	for i := range 4 {
		key := fmt.Sprintf("day=%d/ä b.csv", i)
		want = append(want, key)
		require.NoError(t, s3.PutAny(t.Context(), s, key, "text"+strings.Repeat("x", i)))
	}
	require.Equal(t, want, keysOf(t, f, ""), "one page after the other")
	require.Equal(t, want[2:3], keysOf(t, f, "day=2"))

	e, err := f.Stat(t.Context(), want[1])
	require.NoError(t, err)
	require.EqualValues(t, 5, e.Size)
	require.NoError(t, files.Unchanged(t.Context(), f, e))
	_, err = f.Stat(t.Context(), "nothing")
	require.ErrorIs(t, err, files.ErrNotFound)

	for range 2 { // each may be repeated
		require.NoError(t, f.Move(t.Context(), e, "done/ü.csv"))
	}
	moved, err := f.Stat(t.Context(), "done/ü.csv")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, f.Remove(t.Context(), moved))
	}
	require.Equal(t, []string{want[0], want[2], want[3]}, keysOf(t, f, ""))
}

func TestAnObjectThatChangesIsNotReadOn(t *testing.T) {
	t.Parallel()
	s, f, _ := foreign(t)
	require.NoError(t, s3.PutAny(t.Context(), s, "a", "one"))
	e, err := f.Stat(t.Context(), "a")
	require.NoError(t, err)
	open, err := f.Open(t.Context(), e)
	require.NoError(t, err)
	require.NoError(t, s3.PutAny(t.Context(), s, "a", "two"))
	_, err = open.ReadAt(make([]byte, 3), 0)
	require.ErrorIs(t, err, files.ErrChanged)
	_, err = f.Open(t.Context(), e)
	require.ErrorIs(t, err, files.ErrChanged)
	require.ErrorIs(t, f.Remove(t.Context(), e), files.ErrChanged)
	require.ErrorIs(t, f.Move(t.Context(), e, "b"), files.ErrChanged)
	require.Equal(t, []string{"a"}, keysOf(t, f, ""))
}

// putAway are the two ways in which a loaded file leaves its place.
var putAway = map[string]func(ctx context.Context, f *s3.Foreign, e files.Entry) error{
	"removed": func(ctx context.Context, f *s3.Foreign, e files.Entry) error { return f.Remove(ctx, e) },
	"moved":   func(ctx context.Context, f *s3.Foreign, e files.Entry) error { return f.Move(ctx, e, "done/a") },
}

// What a maker writes between the look at an object and the request that removes it has been read by no run.
func TestAnObjectThatIsReplacedBeforeItsRemovalStays(t *testing.T) {
	t.Parallel()
	for name, away := range putAway {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f, proxy := foreign(t)
			require.NoError(t, s3.PutAny(t.Context(), s, "a", "one"))
			e, err := f.Stat(t.Context(), "a")
			require.NoError(t, err)
			replaced := make(chan error, 1)
			proxy.Do(s3server.When(method("DELETE"), s3server.Times(1,
				func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
					replaced <- s3.PutAny(r.Context(), s, "a", "two")
					return false
				})))
			require.ErrorIs(t, away(t.Context(), f, e), files.ErrChanged)
			require.NoError(t, <-replaced)
			now, err := f.Stat(t.Context(), "a")
			require.NoError(t, err)
			require.NotEqual(t, e.Version, now.Version)
			proxy.Do(nil)
			require.NoError(t, away(t.Context(), f, now), "the next run has read it")
			require.NotContains(t, keysOf(t, f, ""), "a")
		})
	}
}

// A removal whose answer was lost is tried again; servers say in two ways that the object is gone by then.
func TestARemovalWhoseAnswerWasLostIsDone(t *testing.T) {
	t.Parallel()
	for code, status := range map[string]int{
		"NoSuchKey": http.StatusNotFound, "PreconditionFailed": http.StatusPreconditionFailed,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			s, f, proxy := foreign(t)
			require.NoError(t, s3.PutAny(t.Context(), s, "a", "one"))
			e, err := f.Stat(t.Context(), "a")
			require.NoError(t, err)
			refuse := s3server.When(method("DELETE"), s3server.Refuse(status, code, nil))
			proxy.Do(refuse)
			err = f.Remove(t.Context(), e)
			if status == http.StatusPreconditionFailed {
				require.ErrorContains(t, err, code, "the object is there, and is this version")
				require.NotErrorIs(t, err, files.ErrChanged)
			}
			proxy.Do(func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
				if r.Method == http.MethodDelete {
					forward.ServeHTTP(httptest.NewRecorder(), r)
				}
				return refuse(w, r, forward)
			})
			require.NoError(t, f.Remove(t.Context(), e))
			require.Empty(t, keysOf(t, f, ""))
		})
	}
}

// A reader of small pieces asks once a block; a reader of large ones is not slowed down.
func TestObjectsAreReadInBlocks(t *testing.T) {
	t.Parallel()
	s, f, proxy := foreign(t)
	body := largeBody()[:3<<20+5]
	require.NoError(t, s3.PutAny(t.Context(), s, "a", string(body)))
	open, err := f.Open(t.Context(), files.Entry{Key: "a"})
	require.NoError(t, err)
	proxy.Seen()
	got := make([]byte, 0, len(body))
	piece := make([]byte, 100_000)
	for at := int64(0); at < open.Size(); {
		n, err := open.ReadAt(piece, at)
		if err != io.EOF { //nolint:errorlint // it is this very value
			require.NoError(t, err)
		}
		got, at = append(got, piece[:n]...), at+int64(n)
	}
	require.True(t, bytes.Equal(body, got))
	require.Len(t, proxy.Seen(), 4)
	_, err = open.ReadAt(piece[:10], 5)
	require.NoError(t, err)
	require.Empty(t, proxy.Seen(), "the blocks are kept")
	whole := make([]byte, 2<<20)
	_, err = open.ReadAt(whole, 1)
	require.NoError(t, err)
	require.True(t, bytes.Equal(body[1:1+2<<20], whole))
	require.Len(t, proxy.Seen(), 1)
	_, err = open.ReadAt(piece, open.Size())
	require.Equal(t, io.EOF, err)
}

func TestAListingThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	_, f, proxy := foreign(t)
	proxy.Do(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		_, _ = io.WriteString(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>again`+
			`</NextContinuationToken></ListBucketResult>`)
		return true
	})
	err := f.List(t.Context(), "", func(files.Entry) error { return nil })
	require.ErrorIs(t, err, files.ErrRejected)
	require.ErrorContains(t, err, "does not end its listing")
	proxy.Do(s3server.Refuse(http.StatusForbidden, "AccessDenied", nil))
	err = f.List(t.Context(), "", func(files.Entry) error { return nil })
	require.ErrorIs(t, err, files.ErrRejected)
	require.ErrorContains(t, err, "s3:ListBucket on the bucket, and for files.after")
	require.NotContains(t, err.Error(), "staging")
}
