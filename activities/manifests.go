package activities

import (
	"context"
	"sync"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// manifest opens a range and reads its manifest, from the cache where a step of this worker has read it before.
func (a *Activities) manifest(ctx context.Context, in RangeInput) (*openedRange, staging.Manifest, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return nil, staging.Manifest{}, invalidInput("table: "+err.Error(), "")
	}
	key := staging.ManifestKey(name, in.Run, in.Range, in.Slice)
	if e, ok := a.manifests.get(key, in.PlanSum); ok {
		r := *e.r
		r.in = in // the step that has filled the cache may be one of another fence
		return &r, e.m, nil
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, staging.Manifest{}, err
	}
	m, err := staging.ReadManifest(ctx, a.deps.Store, key)
	if err != nil {
		return nil, staging.Manifest{}, err
	}
	r.readAt = m.ReadAt
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

// manifestCache keeps the manifests of the ranges being loaded by this worker, so that a thousand chunks do not read
// and check a thousand times the same file. Entries are dropped by Cleanup, and all of them when there are too many.
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
