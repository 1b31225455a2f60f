package activities

import (
	"context"
	"errors"
	"sync"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// WaitForFilesResult is what was verified.
type WaitForFilesResult struct {
	Parts int   `json:"parts"`
	Bytes int64 `json:"bytes"`
}

// WaitForFiles verifies that every part of the slice's manifest is there with the manifest's
// size and SHA-256. A part that is not is a StagedFileCorrupt failure: the workflow extracts
// the range again. It changes nothing and heartbeats the parts verified so far.
func (a *Activities) WaitForFiles(ctx context.Context, in RangeInput) (WaitForFilesResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return WaitForFilesResult{}, err
	}
	at := where{doing: "verify the staged files of " + in.Table}
	_, m, err := a.freshManifest(ctx, in)
	if err != nil {
		return WaitForFilesResult{}, translate(ctx, err, at)
	}
	var out WaitForFilesResult
	defer beat(ctx, func() any { return "verifying" })()
	for _, p := range m.Parts {
		if err := staging.VerifyPart(ctx, a.deps.Store, p, nil); err != nil {
			return WaitForFilesResult{}, translate(ctx, err, at)
		}
		out.Parts++
		out.Bytes += p.Size
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "parts", out.Parts, "bytes", out.Bytes)
	return out, nil
}

// ChunkRef names one chunk of a range: places and counts, never rows or keys. Where the target
// wants smaller transactions, it names a piece of a staged chunk.
type ChunkRef struct {
	// Part and Chunk count from 0, Chunk within its part.
	Part  int   `json:"part"`
	Chunk int   `json:"chunk"`
	Rows  int64 `json:"rows"`
	// FirstRow is the number of rows of the part before the first of these.
	FirstRow int64 `json:"firstRow"`
}

// ListChunksInput asks for a page of a range's chunks.
type ListChunksInput struct {
	RangeInput
	// After is how many chunks to pass over; Limit, 1 to 1,000, how many to return at most.
	After int `json:"after"`
	Limit int `json:"limit"`
}

// ListChunksResult is a page of chunks, in the order of the manifest.
type ListChunksResult struct {
	Chunks []ChunkRef `json:"chunks"`
	// Total is the number of all chunks of the range.
	Total int `json:"total"`
}

// maxListed bounds a page: a reference is about 60 bytes, and a payload stays far below 256 KiB.
const maxListed = 1000

// ListChunks lists chunks of a range's manifest. It changes nothing.
func (a *Activities) ListChunks(ctx context.Context, in ListChunksInput) (ListChunksResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ListChunksResult{}, err
	}
	if in.After < 0 || in.Limit < 1 || in.Limit > maxListed {
		return ListChunksResult{}, invalidInput("after or limit out of bounds", "")
	}
	_, m, err := a.freshManifest(ctx, in.RangeInput)
	if err != nil {
		return ListChunksResult{}, translate(ctx, err, where{doing: "list the chunks of " + in.Table})
	}
	out := ListChunksResult{Chunks: []ChunkRef{}}
	for i, p := range m.Parts {
		for j, c := range p.Chunks {
			if out.Total >= in.After && len(out.Chunks) < in.Limit {
				out.Chunks = append(out.Chunks, ChunkRef{Part: i, Chunk: j, Rows: c.Rows, FirstRow: c.FirstRow})
			}
			out.Total++
		}
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "chunks", len(out.Chunks), "of", out.Total)
	return out, nil
}

// CleanupResult is what was removed.
type CleanupResult struct {
	Parts int `json:"parts"`
}

// Cleanup removes the staged files of a slice of a range: the parts that its manifest names, then the
// manifest. Repeating it is harmless; a slice without a manifest has nothing to remove. A
// manifest that cannot be read names nothing, so only it itself goes.
func (a *Activities) Cleanup(ctx context.Context, in RangeInput) (CleanupResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CleanupResult{}, err
	}
	at := where{doing: "remove the staged files of " + in.Table}
	name, err := table.ParseName(in.Table)
	if err != nil {
		return CleanupResult{}, invalidInput("table: "+err.Error(), "")
	}
	key := staging.ManifestKey(name, in.Run, in.Range, in.Slice)
	a.manifests.forget(key)
	m, err := staging.ReadManifest(ctx, a.deps.Store, key)
	switch {
	case errors.Is(err, staging.ErrNotFound):
		return CleanupResult{}, nil
	case errors.Is(err, staging.ErrCorrupt):
		return CleanupResult{}, translate(ctx, a.deps.Store.Delete(ctx, key), at)
	case err != nil:
		return CleanupResult{}, translate(ctx, err, at)
	}
	keys := make([]string, 0, len(m.Parts))
	for _, p := range m.Parts {
		keys = append(keys, p.Key)
	}
	// The manifest goes last: while a part is left, something names it.
	if err := a.deps.Store.Delete(ctx, keys...); err != nil {
		return CleanupResult{}, translate(ctx, err, at)
	}
	if err := a.deps.Store.Delete(ctx, key); err != nil {
		return CleanupResult{}, translate(ctx, err, at)
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "parts", len(keys))
	return CleanupResult{Parts: len(keys)}, nil
}

// manifest opens a range and reads its manifest, from the cache where a step of this worker
// has read it before.
func (a *Activities) manifest(ctx context.Context, in RangeInput) (*openedRange, staging.Manifest, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return nil, staging.Manifest{}, invalidInput("table: "+err.Error(), "")
	}
	key := staging.ManifestKey(name, in.Run, in.Range, in.Slice)
	if e, ok := a.manifests.get(key, in.PlanSum); ok {
		return e.r, e.m, nil
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, staging.Manifest{}, err
	}
	m, err := staging.ReadManifest(ctx, a.deps.Store, key)
	if err != nil {
		return nil, staging.Manifest{}, err
	}
	a.manifests.put(key, manifestEntry{r: r, m: m})
	return r, m, nil
}

// freshManifest is manifest as it is in staging now: a range that was extracted again has
// another manifest than the one that this worker may remember.
func (a *Activities) freshManifest(ctx context.Context, in RangeInput) (*openedRange, staging.Manifest, error) {
	if name, err := table.ParseName(in.Table); err == nil {
		a.manifests.forget(staging.ManifestKey(name, in.Run, in.Range, in.Slice))
	}
	return a.manifest(ctx, in)
}

// manifestCache keeps the manifests of the ranges being loaded by this worker, so that a
// thousand chunks do not read and check a thousand times the same file. Entries are dropped
// by Cleanup, and all of them when there are too many.
type manifestCache struct {
	mu      sync.Mutex
	entries map[string]manifestEntry
}

type manifestEntry struct {
	r *openedRange
	m staging.Manifest
}

// maxCached is a few dozen ranges in flight; a manifest of a large range is about 1 MiB.
const maxCached = 64

func newManifestCache() *manifestCache {
	return &manifestCache{entries: map[string]manifestEntry{}}
}

func (c *manifestCache) get(key, planSum string) (manifestEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	return e, ok && e.r.in.PlanSum == planSum
}

func (c *manifestCache) put(key string, e manifestEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[key] = e
}

func (c *manifestCache) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
