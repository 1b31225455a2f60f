package mysqldb

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A crowd is what is known of a server's other clients: whether there are any, by how many
// statements the server counts beyond those of this process. Other workers are others, too.
type otherTraffic struct {
	// sent counts statements of ours, as they are sent: by connections of any pool to the server.
	sent atomic.Int64

	mu      sync.Mutex
	others  bool
	asking  bool // somebody is
	looked  time.Time
	counted int64 // by the server, at the last look
	// sentThen is what sent was.
	sentThen int64
}

// otherTraffics are the crowds by the server's address: source and target may be one server.
var otherTraffics sync.Map

func otherTrafficAt(address string) *otherTraffic {
	c, _ := otherTraffics.LoadOrStore(address, &otherTraffic{})
	return c.(*otherTraffic) //nolint:forcetypeassert // nothing else is stored
}

const (
	// otherTrafficEvery is the pause between two looks at a server's counter.
	otherTrafficEvery = 500 * time.Millisecond
	// otherTrafficRate is how many statements of others a second are somebody.
	otherTrafficRate = 20
)

// active reports whether others use the server. Now and then one caller asks the server, and
// the others go by what is known; where it may not be asked, nobody is there.
func (c *otherTraffic) active(ctx context.Context, d *DB) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.asking || now.Sub(c.looked) < otherTrafficEvery {
		return c.others
	}
	c.asking = true
	c.mu.Unlock()
	sent := c.sent.Load()
	counted, err := d.globalStatus(ctx, "Questions")
	c.mu.Lock()
	c.asking = false
	if err != nil {
		c.others = false
		return false
	}
	if !c.looked.IsZero() {
		c.others = float64(counted-c.counted-(sent-c.sentThen)) > otherTrafficRate*now.Sub(c.looked).Seconds()
	}
	c.looked, c.counted, c.sentThen = now, counted, sent
	return c.others
}

// OtherTrafficActive reports whether other clients use the server; see crowd.
func (d *DB) OtherTrafficActive(ctx context.Context) bool { return d.traffic.active(ctx, d) }

// AcquireReadSlot waits for the one read slot of the pool, which its readers share while other
// clients use the server. The error is that of a context that ends before.
func (d *DB) AcquireReadSlot(ctx context.Context) (release func(), err error) {
	select {
	case d.readSlot <- struct{}{}:
		return func() { <-d.readSlot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
