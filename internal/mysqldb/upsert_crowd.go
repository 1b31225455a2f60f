package mysqldb

import (
	"context"
	"sync"
	"time"
)

// A crowd is what is known of a server's other clients: whether there are any, by how many
// statements the server counts beyond those of this pool. Chunks of other tables and of other
// workers are others, too.
type crowd struct {
	mu      sync.Mutex
	sent    int64 // statements of ours since the last look, roughly
	looked  time.Time
	counted int64
	others  bool
}

const (
	// crowdEvery is the pause between two looks at a server's counter.
	crowdEvery = 500 * time.Millisecond
	// crowdRate is how many statements of others a second are somebody.
	crowdRate = 20
)

// present reports whether others use the server, after sent more statements of ours. It asks
// the server now and then; where it may not ask, nobody is there.
func (c *crowd) present(ctx context.Context, d *DB, sent int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += int64(sent)
	now := time.Now()
	if now.Sub(c.looked) < crowdEvery {
		return c.others
	}
	counted, err := d.globalStatus(ctx, "Questions")
	if err != nil {
		c.others = false
		return false
	}
	if !c.looked.IsZero() {
		c.others = float64(counted-c.counted-c.sent) > crowdRate*now.Sub(c.looked).Seconds()
	}
	c.looked, c.counted, c.sent = now, counted, 0
	return c.others
}
