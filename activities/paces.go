package activities

import (
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// paceCache keeps the pace of each target table as long as the worker lives: what one chunk
// learns about how much a transaction can take, the next ones know.
type paceCache struct {
	mu      sync.Mutex
	entries map[tableKey]*mysqldb.Pace
}

func newPaceCache() *paceCache { return &paceCache{entries: map[tableKey]*mysqldb.Pace{}} }

func (c *paceCache) of(key tableKey) *mysqldb.Pace {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.entries[key]
	if p == nil {
		p = &mysqldb.Pace{}
		c.entries[key] = p
	}
	return p
}
