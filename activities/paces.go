package activities

import (
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// tableKey is a table of a connection.
type tableKey struct {
	connection string
	name       table.Name
}

// paceKey is a target table, and how the rows come: by ranges of the key, most of them new, or
// as a window's changes, which cost several times as much and are all over the table.
type paceKey struct {
	tableKey
	byKey bool
}

// pace is what a target table takes: rows of a transaction, and transactions at once.
type pace struct {
	sizer   upsert.ChunkSizer
	limiter upsert.Limiter
}

// paceCache keeps the pace of each target table as long as the worker lives: what one chunk learns, the next ones know.
type paceCache struct {
	mu      sync.Mutex
	entries map[paceKey]*pace
}

func newPaceCache() *paceCache { return &paceCache{entries: map[paceKey]*pace{}} }

func (c *paceCache) of(key paceKey) *pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.entries[key]
	if p == nil {
		p = &pace{}
		c.entries[key] = p
	}
	return p
}

// paceOf is that of the target of a range.
func (a *Activities) paceOf(r *openedRange) *pace {
	s := r.plan.Settings
	return a.paces.of(paceKey{tableKey{s.TargetConnection, s.Target}, r.plan.ByKey})
}
