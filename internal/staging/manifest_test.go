package staging_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

var orders = table.Name{Schema: "shop", Table: "orders"}

func newStore(t *testing.T) staging.Store {
	t.Helper()
	s, err := file.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func spanOf(content string, offset, size int64) table.Span {
	hash := sha256.Sum256([]byte(content[offset : offset+size]))
	return table.Span{Offset: offset, Size: size, SHA256: hex.EncodeToString(hash[:])}
}

// stagedPart is a file of two chunks and a footer, and what a manifest says of it.
func stagedPart(t *testing.T, s staging.Store, part int) table.Part {
	t.Helper()
	content := "PAR1first chunksecond chunkfooterPAR1"
	key := staging.PartKey(orders, "run", 0, 0, part, "1")
	stagingtest.Put(t, s, key, content)
	return table.Part{
		Key: key, Rows: 30, Size: int64(len(content)), SHA256: spanOf(content, 0, int64(len(content))).SHA256,
		Footer: spanOf(content, 27, 10),
		Chunks: []table.Chunk{
			{FirstRow: 0, Rows: 10, Span: spanOf(content, 4, 11)},
			{FirstRow: 10, Rows: 20, Span: spanOf(content, 15, 12)},
		},
	}
}

func manifest(parts ...table.Part) staging.Manifest {
	m := staging.Manifest{
		Version: 1, Table: orders, Run: "run",
		Window:  table.Window{Lo: "2026-01-01 00:00:00", Hi: "2026-01-02 00:00:00"},
		Columns: []table.Column{{Name: "id", Type: "int", Kind: table.KindInt, Bits: 32}},
		Parts:   parts,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	for _, p := range parts {
		m.Rows += p.Rows
		m.Bytes += p.Size
	}
	return m
}

func TestManifestIsPublishedOnceAndReadBack(t *testing.T) {
	s, key := newStore(t), staging.ManifestKey(orders, "run", 0, 0)
	_, err := staging.ReadManifest(t.Context(), s, key)
	require.ErrorIs(t, err, staging.ErrNotFound)

	want := manifest(stagedPart(t, s, 0), stagedPart(t, s, 1))
	unsummed := want
	unsummed.Version, unsummed.Rows, unsummed.Bytes = 0, 0, 0
	require.NoError(t, staging.PublishManifest(t.Context(), s, key, unsummed))
	got, err := staging.ReadManifest(t.Context(), s, key)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, int64(60), got.Rows)
	require.Equal(t, int64(74), got.Bytes)
	require.Equal(t, []string{want.Parts[0].Key, want.Parts[1].Key, key}, got.Keys(key))

	require.ErrorIs(t, staging.PublishManifest(t.Context(), s, key, manifest()), staging.ErrExists)
	got, err = staging.ReadManifest(t.Context(), s, key)
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, staging.ReplaceManifest(t.Context(), s, key, manifest(want.Parts[1])))
	got, err = staging.ReadManifest(t.Context(), s, key)
	require.NoError(t, err)
	require.Equal(t, manifest(want.Parts[1]), got)
}

func TestAnEmptyRangeHasAManifest(t *testing.T) {
	s, key := newStore(t), staging.ManifestKey(orders, "run", 0, 0)
	require.NoError(t, staging.PublishManifest(t.Context(), s, key, manifest()))
	got, err := staging.ReadManifest(t.Context(), s, key)
	require.NoError(t, err)
	require.Zero(t, got.Rows)
	require.Empty(t, got.Parts)
}

func TestManifestsThatContradictThemselvesAreCorrupt(t *testing.T) {
	for name, c := range map[string]struct {
		change func(m *staging.Manifest)
		want   string
	}{
		"version":    {func(m *staging.Manifest) { m.Version = 2 }, "version 2, this program reads 1"},
		"no columns": {func(m *staging.Manifest) { m.Columns = nil }, "no columns"},
		"rows":       {func(m *staging.Manifest) { m.Rows++ }, "31 rows and 37 bytes, its parts have 30 and 37"},
		"bytes":      {func(m *staging.Manifest) { m.Bytes-- }, "30 rows and 36 bytes"},
		"twice":      {func(m *staging.Manifest) { m.Parts = append(m.Parts, m.Parts[0]) }, "listed twice"},
		"another folder": {func(m *staging.Manifest) {
			m.Parts[0].Key = staging.PartKey(orders, "run", 1, 0, 0, "1")
		}, "own folder"},
		"a parent": {
			func(m *staging.Manifest) { m.Parts[0].Key = "shop.orders/run/00000/../x" },
			"own folder",
		},
		"the manifest": {
			func(m *staging.Manifest) { m.Parts[0].Key = staging.ManifestKey(orders, "run", 0, 0) },
			"own folder",
		},
		"hash": {
			func(m *staging.Manifest) { m.Parts[0].SHA256 = strings.Repeat("Z", 64) },
			"not a SHA-256",
		},
		"short hash":      {func(m *staging.Manifest) { m.Parts[0].Footer.SHA256 = "ab" }, "not a SHA-256"},
		"chunk's hash":    {func(m *staging.Manifest) { m.Parts[0].Chunks[1].SHA256 = "" }, "hash of chunk 1"},
		"footer beyond":   {func(m *staging.Manifest) { m.Parts[0].Footer.Size++ }, "not the end"},
		"footer, huge":    {func(m *staging.Manifest) { m.Parts[0].Footer.Size = 1 << 62 }, "not the end"},
		"footer inside":   {func(m *staging.Manifest) { m.Parts[0].Footer.Offset-- }, "not the end"},
		"chunks overlap":  {func(m *staging.Manifest) { m.Parts[0].Chunks[0].Size++ }, "chunk 1 is not between"},
		"chunk in footer": {func(m *staging.Manifest) { m.Parts[0].Chunks[1].Size++ }, "chunk 1 is not between"},
		"chunk, huge": {
			func(m *staging.Manifest) { m.Parts[0].Chunks[1].Size = 1<<63 - 1 },
			"chunk 1 is not between",
		},
		"chunk, negative":   {func(m *staging.Manifest) { m.Parts[0].Chunks[0].Offset = -1 }, "chunk 0 is not between"},
		"chunk's rows":      {func(m *staging.Manifest) { m.Parts[0].Chunks[1].Rows = -1 }, "rows of chunk 1"},
		"chunk's rows more": {func(m *staging.Manifest) { m.Parts[0].Chunks[1].Rows = 1 << 62 }, "rows of chunk 1"},
		"first row":         {func(m *staging.Manifest) { m.Parts[0].Chunks[1].FirstRow = 9 }, "rows of chunk 1"},
		"a chunk less": {
			func(m *staging.Manifest) { m.Parts[0].Chunks = m.Parts[0].Chunks[:1] },
			"30 rows, its chunks have 10",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := newStore(t), staging.ManifestKey(orders, "run", 0, 0)
			m := manifest(stagedPart(t, s, 0))
			m.Parts[0].Chunks = slices.Clone(m.Parts[0].Chunks)
			c.change(&m)
			body, err := json.Marshal(m)
			require.NoError(t, err)
			stagingtest.Put(t, s, key, string(body))
			_, err = staging.ReadManifest(t.Context(), s, key)
			require.ErrorIs(t, err, staging.ErrCorrupt)
			require.ErrorContains(t, err, key)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestManifestsAreStrictJSON(t *testing.T) {
	s, key := newStore(t), staging.ManifestKey(orders, "run", 0, 0)
	body, err := json.Marshal(manifest(stagedPart(t, s, 0)))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty":         "",
		"cut short":     string(body[:len(body)-1]),
		"not JSON":      "PAR1",
		"unknown field": strings.Replace(string(body), `"rows"`, `"extra":1,"rows"`, 1),
		"goes on":       string(body) + "{}",
		"wrong type":    strings.Replace(string(body), `"parts":[`, `"parts":["x",`, 1),
	} {
		stagingtest.Put(t, s, key, text)
		_, err := staging.ReadManifest(t.Context(), s, key)
		require.ErrorIs(t, err, staging.ErrCorrupt, name)
		require.ErrorContains(t, err, key, name)
	}
	stagingtest.Put(t, s, key, string(body)+" \n")
	_, err = staging.ReadManifest(t.Context(), s, key)
	require.NoError(t, err)
}

func TestVerifyPart(t *testing.T) {
	s := newStore(t)
	part := stagedPart(t, s, 0)
	var beats []int64
	require.NoError(t, staging.VerifyPart(t.Context(), s, part, func(done int64) { beats = append(beats, done) }))
	require.Equal(t, []int64{37}, beats)
	require.NoError(t, staging.VerifyPart(t.Context(), s, part, nil))

	stagingtest.Put(t, s, part.Key, "PAR1first chunkSecond chunkfooterPAR1")
	err := staging.VerifyPart(t.Context(), s, part, nil)
	require.ErrorIs(t, err, staging.ErrCorrupt)
	require.ErrorContains(t, err, "SHA-256 of "+part.Key)

	stagingtest.Put(t, s, part.Key, "PAR1first chunk")
	err = staging.VerifyPart(t.Context(), s, part, nil)
	require.ErrorIs(t, err, staging.ErrCorrupt)
	require.ErrorContains(t, err, part.Key+" has 15 bytes, its manifest says 37")

	require.NoError(t, s.Delete(t.Context(), part.Key))
	err = staging.VerifyPart(t.Context(), s, part, nil)
	require.ErrorIs(t, err, staging.ErrNotFound)
	require.NotErrorIs(t, err, staging.ErrCorrupt)
}

func TestVerifyPartBeatsAndStops(t *testing.T) {
	s := newStore(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	require.NoError(t, s.Put(t.Context(), "a", bytes.NewReader(content)))
	part := table.Part{Key: "a", Size: 3 << 20, SHA256: spanOf(string(content), 0, 3<<20).SHA256}
	var beats []int64
	require.NoError(t, staging.VerifyPart(t.Context(), s, part, func(done int64) { beats = append(beats, done) }))
	require.Equal(t, []int64{1 << 20, 2 << 20, 3 << 20}, beats)
	ctx, cancel := context.WithCancel(t.Context())
	err := staging.VerifyPart(ctx, s, part, func(int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
}

func TestReadSpansReturnsOnlyVerifiedBytes(t *testing.T) {
	s := newStore(t)
	part := stagedPart(t, s, 0)
	got, err := staging.ReadSpans(t.Context(), s, part.Key, part.Chunks[0].Span)
	require.NoError(t, err)
	require.Equal(t, "first chunk", string(got[0]))
	both, err := staging.ReadSpans(t.Context(), s, part.Key, part.Chunks[1].Span, part.Footer)
	require.NoError(t, err)
	require.Equal(t, "second chunk", string(both[0]))
	require.Equal(t, "footerPAR1", string(both[1]))

	for name, span := range map[string]table.Span{
		"hash":          {Offset: 4, Size: 11, SHA256: part.Footer.SHA256},
		"beyond":        {Offset: 30, Size: 100},
		"huge":          {Offset: 4, Size: 1 << 62},
		"huge offset":   {Offset: 1 << 62, Size: 4},
		"negative":      {Offset: -1, Size: 4},
		"negative size": {Offset: 4, Size: -4},
	} {
		_, err := staging.ReadSpans(t.Context(), s, part.Key, span)
		require.ErrorIs(t, err, staging.ErrCorrupt, name)
		require.ErrorContains(t, err, part.Key, name)
	}
	_, err = staging.ReadSpans(t.Context(), s, "none", part.Footer)
	require.ErrorIs(t, err, staging.ErrNotFound)
}
