package stagingtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// Contract runs the tests that every store passes. newStore returns an empty store for one
// test, and cleans up after it.
func Contract(t *testing.T, newStore func(t *testing.T) staging.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, staging.Store){
		"put and open":                     putAndOpen,
		"put replaces":                     putReplaces,
		"a large file":                     largeFile,
		"many at once":                     manyAtOnce,
		"a failed put leaves nothing":      failedPut,
		"a large put that fails":           failedLargePut,
		"a canceled put leaves nothing":    canceledPut,
		"put new never replaces":           putNew,
		"one of many put news wins":        putNewRace,
		"an open file survives its delete": openSurvives,
		"delete":                           deleteKeys,
		"put and delete in one folder":     putDeleteRace,
		"hostile keys are refused":         hostileKeys,
		"the longest keys work":            longKeys,
		"list":                             list,
		"many keys":                        manyKeys,
		"a part is what was put":           verifyPart,
		"the worker's check":               check,
		"sweep spares the young":           sweep,
		"kept files of a run":              kept,
		"reads end with their context":     readContext,
	} {
		t.Run(name, func(t *testing.T) { test(t, newStore(t)) })
	}
}

// Content reads all of a key.
func Content(tb testing.TB, s staging.Store, key string) []byte {
	tb.Helper()
	f, err := s.Open(tb.Context(), key)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, f.Close()) }()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	require.NoError(tb, err)
	require.Len(tb, b, int(f.Size()))
	return b
}

// Put writes a text under a key.
func Put(tb testing.TB, s staging.Store, key, text string) {
	tb.Helper()
	require.NoError(tb, s.Put(tb.Context(), key, strings.NewReader(text)))
}

func requireMissing(tb testing.TB, s staging.Store, key string) {
	tb.Helper()
	_, err := s.Open(tb.Context(), key)
	require.ErrorIs(tb, err, staging.ErrNotFound)
	require.ErrorContains(tb, err, key)
}

func putAndOpen(t *testing.T, s staging.Store) {
	requireMissing(t, s, "t/r/0/a")
	for _, size := range []int{0, 1, 3 << 20} {
		want := make([]byte, size)
		_, err := rand.Read(want)
		require.NoError(t, err)
		require.NoError(t, s.Put(t.Context(), "t/r/0/a", bytes.NewReader(want)))
		require.True(t, bytes.Equal(want, Content(t, s, "t/r/0/a")))
	}
	f, err := s.Open(t.Context(), "t/r/0/a")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // nothing was written
	b := make([]byte, 10)
	n, err := f.ReadAt(b, f.Size()-4)
	require.Equal(t, 4, n)
	require.ErrorIs(t, err, io.EOF)
}

func putReplaces(t *testing.T, s staging.Store) {
	Put(t, s, "a", "one, which is longer")
	Put(t, s, "a", "two")
	require.Equal(t, "two", string(Content(t, s, "a")))
}

var errTest = errors.New("reader failed")

// failing is a reader that breaks off after a few bytes.
func failing() io.Reader {
	return io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), iotest.ErrReader(errTest))
}

func failedPut(t *testing.T, s staging.Store) {
	require.ErrorIs(t, s.Put(t.Context(), "t/a", failing()), errTest)
	requireMissing(t, s, "t/a")
	require.ErrorIs(t, s.PutNew(t.Context(), "t/a", failing()), errTest)
	requireMissing(t, s, "t/a")
	Put(t, s, "t/a", "old")
	require.ErrorIs(t, s.Put(t.Context(), "t/a", failing()), errTest)
	require.Equal(t, "old", string(Content(t, s, "t/a")))
	require.Equal(t, []string{"t/a"}, keys(t, s, ""))
}

func canceledPut(t *testing.T, s staging.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(strings.NewReader("begun"), readerFunc(func(b []byte) (int, error) {
		cancel()
		return copy(b, "more"), nil
	}))
	require.ErrorIs(t, s.Put(ctx, "t/a", r), context.Canceled)
	requireMissing(t, s, "t/a")
	require.ErrorIs(t, s.PutNew(ctx, "t/a", strings.NewReader("x")), context.Canceled)
	requireMissing(t, s, "t/a")
	require.Empty(t, keys(t, s, ""))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func putNew(t *testing.T, s staging.Store) {
	require.NoError(t, s.PutNew(t.Context(), "t/r/a", strings.NewReader("first")))
	err := s.PutNew(t.Context(), "t/r/a", strings.NewReader("second"))
	require.ErrorIs(t, err, staging.ErrExists)
	require.ErrorContains(t, err, "t/r/a")
	require.Equal(t, "first", string(Content(t, s, "t/r/a")))
	require.NoError(t, s.Delete(t.Context(), "t/r/a"))
	require.NoError(t, s.PutNew(t.Context(), "t/r/a", strings.NewReader("third")))
	require.Equal(t, "third", string(Content(t, s, "t/r/a")))
}

func putNewRace(t *testing.T, s staging.Store) {
	var mu sync.Mutex
	won := ""
	var g errgroup.Group
	for i := range 8 {
		text := fmt.Sprintf("writer %d", i)
		g.Go(func() error {
			err := s.PutNew(t.Context(), "t/r/manifest.json", strings.NewReader(text))
			if errors.Is(err, staging.ErrExists) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil && won != "" {
				err = fmt.Errorf("both %s and %s won", won, text)
			}
			won = text
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.NotEmpty(t, won)
	require.Equal(t, won, string(Content(t, s, "t/r/manifest.json")))
}

func openSurvives(t *testing.T, s staging.Store) {
	Put(t, s, "t/a", "content")
	f, err := s.Open(t.Context(), "t/a")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // nothing was written
	Put(t, s, "t/a", "another")
	require.Equal(t, int64(7), f.Size())
	b := make([]byte, 7)
	if _, err := f.ReadAt(b, 0); err == nil || errors.Is(err, io.EOF) {
		require.Equal(t, "content", string(b)) // an error is allowed, other content is not
	}
}

func deleteKeys(t *testing.T, s staging.Store) {
	Put(t, s, "t/r/0/a", "a")
	Put(t, s, "t/r/0/b", "b")
	Put(t, s, "t/r/1/c", "c")
	require.NoError(t, s.Delete(t.Context()))
	require.NoError(t, s.Delete(t.Context(), "t/r/0/a", "t/r/0/none", "none/at/all", "t/r/0/a"))
	requireMissing(t, s, "t/r/0/a")
	require.Equal(t, "b", string(Content(t, s, "t/r/0/b")))
	err := s.Delete(t.Context(), "../bad", "t/r/0/b")
	require.ErrorIs(t, err, staging.ErrKey)
	requireMissing(t, s, "t/r/0/b")
	require.Equal(t, []string{"t/r/1/c"}, keys(t, s, ""))
}

// putDeleteRace writes and deletes side by side: a folder that empties must not take a new file's place away.
func putDeleteRace(t *testing.T, s staging.Store) {
	var g errgroup.Group
	for i := range 4 {
		g.Go(func() error {
			key := fmt.Sprintf("t/r/0/part-%d", i)
			for range 25 {
				if err := s.Put(t.Context(), key, strings.NewReader(key)); err != nil {
					return err
				}
				if err := s.Delete(t.Context(), key); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Empty(t, keys(t, s, ""))
}

func hostileKeys(t *testing.T, s staging.Store) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", ".hidden", "a/.tmp", "a\x00b", "a b", "a\\b",
		"ä", "a\n",
		"a/%2e%2e/b", strings.Repeat("x", 256), strings.Repeat("abcd/", 300) + "a",
	} {
		require.ErrorIs(t, s.Put(t.Context(), key, strings.NewReader("x")), staging.ErrKey, "%q", key)
		require.ErrorIs(t, s.PutNew(t.Context(), key, strings.NewReader("x")), staging.ErrKey, "%q", key)
		_, err := s.Open(t.Context(), key)
		require.ErrorIs(t, err, staging.ErrKey, "%q", key)
		require.ErrorIs(t, s.Delete(t.Context(), key), staging.ErrKey, "%q", key)
	}
}

func longKeys(t *testing.T, s staging.Store) {
	key := strings.Repeat(strings.Repeat("x", 255)+"/", 2) + strings.Repeat("y", 255)
	require.Len(t, key, staging.MaxKey-1)
	Put(t, s, key, "deep")
	require.Equal(t, "deep", string(Content(t, s, key)))
	require.NoError(t, s.Delete(t.Context(), key))
	requireMissing(t, s, key)
}

func keys(tb testing.TB, s staging.Store, prefix string) []string {
	tb.Helper()
	var out []string
	require.NoError(tb, s.List(tb.Context(), prefix, func(e staging.Entry) error {
		out = append(out, e.Key)
		return nil
	}))
	return out
}

func list(t *testing.T, s staging.Store) {
	require.Empty(t, keys(t, s, ""))
	require.Empty(t, keys(t, s, "none/at/all/"))
	before := time.Now().Add(-time.Minute)
	for _, key := range []string{"t/r/0/a", "t/r/0/b", "t/r/01/c", "t/s/d", "u/e"} {
		Put(t, s, key, key)
	}
	require.ElementsMatch(t, []string{"t/r/0/a", "t/r/0/b", "t/r/01/c", "t/s/d", "u/e"}, keys(t, s, ""))
	require.ElementsMatch(t, []string{"t/r/0/a", "t/r/0/b"}, keys(t, s, "t/r/0/"))
	require.ElementsMatch(t, []string{"t/r/0/a", "t/r/0/b", "t/r/01/c"}, keys(t, s, "t/r/0"))
	require.ErrorIs(t, s.List(t.Context(), "t/s/", func(e staging.Entry) error {
		require.Equal(t, int64(5), e.Size)
		require.WithinRange(t, e.Modified, before, time.Now().Add(time.Minute))
		return errTest
	}), errTest)
}

func sweep(t *testing.T, s staging.Store) {
	Put(t, s, "t/r/00000/part-00000-1.parquet", "a")
	Put(t, s, "t/r/00000/foreign.txt", "b")
	Put(t, s, "t/r/plan.json", "c")
	Put(t, s, "t/q/plan.json", "d")
	n, err := staging.Sweep(t.Context(), s, "t/r/", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = staging.Sweep(t.Context(), s, "t/r/", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.ElementsMatch(t, []string{"t/r/00000/foreign.txt", "t/q/plan.json"}, keys(t, s, ""))
}

func readContext(t *testing.T, s staging.Store) {
	Put(t, s, "a", "content")
	ctx, cancel := context.WithCancel(t.Context())
	f, err := s.Open(ctx, "a")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // nothing was written
	cancel()
	_, err = f.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Open(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
}
