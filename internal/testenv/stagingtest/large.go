package stagingtest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/staging"
)

const (
	// largeBytes is more than any store moves in two pieces, and no multiple of one.
	largeBytes = 17<<20 + 12345
	// twoPieces is more than one piece.
	twoPieces = 8<<20 + 54321
)

func content(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return b
}

// largeFile arrives in small reads of a size that is unknown before, and is read in ranges,
// several at once, some of them over the edge of a piece.
func largeFile(t *testing.T, s staging.Store) {
	want := content(largeBytes)
	require.NoError(t, s.Put(t.Context(), "t/r/0/a", iotest.HalfReader(bytes.NewReader(want))))
	f, err := s.Open(t.Context(), "t/r/0/a")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // nothing was written
	require.EqualValues(t, largeBytes, f.Size())
	var g errgroup.Group
	for at := int64(0); at < largeBytes; at += 3 << 20 {
		g.Go(func() error {
			got := make([]byte, min(3<<20, largeBytes-at))
			n, err := f.ReadAt(got, at)
			if n != len(got) || err != nil && err != io.EOF { //nolint:errorlint // io.ReaderAt returns it as it is
				return fmt.Errorf("%d bytes at %d: %w", n, at, err)
			}
			if !bytes.Equal(want[at:at+int64(n)], got) {
				return fmt.Errorf("bytes at %d differ", at)
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	exact := want[:8<<20] // an end that is the end of a piece
	require.NoError(t, s.Put(t.Context(), "t/r/0/a", bytes.NewReader(exact)))
	require.True(t, bytes.Equal(exact, Content(t, s, "t/r/0/a")))
	require.NoError(t, s.PutNew(t.Context(), "t/r/0/b", bytes.NewReader(want[:twoPieces])))
	require.ErrorIs(t, s.PutNew(t.Context(), "t/r/0/b", bytes.NewReader(want)), staging.ErrExists)
	require.True(t, bytes.Equal(want[:twoPieces], Content(t, s, "t/r/0/b")))
}

func manyAtOnce(t *testing.T, s staging.Store) {
	var g errgroup.Group
	for i := range 16 {
		g.Go(func() error {
			key, text := fmt.Sprintf("t/r/%05d/a", i%4), strings.Repeat("x", i)
			if i%4 != i {
				key += fmt.Sprint(i)
			}
			if err := s.Put(t.Context(), key, strings.NewReader(text)); err != nil {
				return err
			}
			if got := string(Content(t, s, key)); got != text {
				return fmt.Errorf("%s holds %q and not %q", key, got, text)
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Len(t, keys(t, s, "t/r/"), 16)
}

// failedLargePut fails when a good part of the file is stored already.
func failedLargePut(t *testing.T, s staging.Store) {
	body := content(twoPieces)
	broken := func() io.Reader { return io.MultiReader(bytes.NewReader(body), iotest.ErrReader(errTest)) }
	require.ErrorIs(t, s.Put(t.Context(), "t/a", broken()), errTest)
	require.ErrorIs(t, s.PutNew(t.Context(), "t/a", broken()), errTest)
	requireMissing(t, s, "t/a")
	Put(t, s, "t/a", "old")
	require.ErrorIs(t, s.Put(t.Context(), "t/a", broken()), errTest)
	require.Equal(t, "old", string(Content(t, s, "t/a")))
	require.Equal(t, []string{"t/a"}, keys(t, s, ""))
}

// manyKeys are more than a store that answers in pages has in one.
func manyKeys(t *testing.T, s staging.Store) {
	var want []string
	var g errgroup.Group
	for i := range 35 {
		key := fmt.Sprintf("t/r/%05d/part", i)
		want = append(want, key)
		g.Go(func() error { return s.Put(t.Context(), key, strings.NewReader(key)) })
	}
	require.NoError(t, g.Wait())
	require.ElementsMatch(t, want, keys(t, s, "t/r/"))
	require.NoError(t, s.Delete(t.Context(), want[:34]...))
	require.Equal(t, want[34:], keys(t, s, ""))
}
