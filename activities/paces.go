package activities

import (
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// pace is what a target table takes: rows of a transaction, and transactions at once.
type pace struct {
	rows mysqldb.Pace
	gate mysqldb.Gate
}

// paceCache keeps the pace of each target table as long as the worker lives: what one chunk
// learns, the next ones know.
type paceCache struct {
	mu      sync.Mutex
	entries map[tableKey]*pace
}

func newPaceCache() *paceCache { return &paceCache{entries: map[tableKey]*pace{}} }

func (c *paceCache) of(key tableKey) *pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.entries[key]
	if p == nil {
		p = &pace{}
		c.entries[key] = p
	}
	return p
}
