package activities

import (
	"context"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// tableCache keeps what a target table looks like for a moment: introspection costs a tenth
// of a chunk's time. A table that is altered meanwhile refuses the statement, and the entry is
// dropped with the error.
type tableCache struct {
	mu      sync.Mutex
	entries map[tableKey]tableEntry
}

type tableKey struct {
	connection string
	name       table.Name
}

type tableEntry struct {
	t  *mysqldb.Table
	at time.Time
}

// tableAge is how long an entry is believed: a few chunks.
const tableAge = 5 * time.Second

func newTableCache() *tableCache { return &tableCache{entries: map[tableKey]tableEntry{}} }

func (c *tableCache) get(ctx context.Context, db *mysqldb.DB, key tableKey) (*mysqldb.Table, error) {
	c.mu.Lock()
	e, ok := c.entries[key]
	c.mu.Unlock()
	if ok && time.Since(e.at) < tableAge {
		return e.t, nil
	}
	t, err := db.Table(ctx, key.name)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxCached {
		clear(c.entries)
	}
	c.entries[key] = tableEntry{t: t, at: time.Now()}
	return t, nil
}

func (c *tableCache) forget(key tableKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
