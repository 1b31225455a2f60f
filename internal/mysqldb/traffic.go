package mysqldb

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// otherTraffic detects other clients of a server: the server counts more statements than this
// process has sent. Another worker is another client, too.
type otherTraffic struct {
	// sent counts the statements of all pools of this process to the server.
	sent atomic.Int64
	// roundTrip is the shortest answer, in nanoseconds, to a statement of a session's setup; 0 before the first.
	roundTrip atomic.Int64

	mu       sync.Mutex
	isActive bool
	counting bool      // a caller is asking the server
	last     time.Time // the last count
	counted  int64     // the server's counter then
	sentThen int64     // sent then
}

// otherTraffics are those of all servers by address: source and target may be one server.
var otherTraffics sync.Map

func otherTrafficAt(address string) *otherTraffic {
	c, _ := otherTraffics.LoadOrStore(address, &otherTraffic{})
	return c.(*otherTraffic) //nolint:forcetypeassert // nothing else is stored
}

const (
	// otherTrafficEvery is the pause between two counts.
	otherTrafficEvery = 500 * time.Millisecond
	// otherTrafficRate is the statements a second of other clients from which on they count as active.
	otherTrafficRate = 20
)

// timed asks the server by a statement of a session's setup, and records how long it took to answer.
func (t *otherTraffic) timed(ask func() error) error {
	begun := time.Now()
	if err := ask(); err != nil {
		return err
	}
	d := int64(time.Since(begun))
	for {
		known := t.roundTrip.Load()
		if known > 0 && known <= d || t.roundTrip.CompareAndSwap(known, d) {
			return nil
		}
	}
}

// active reports whether other clients use the server. One caller at a time counts, every
// otherTrafficEvery; the others use the last result. It is false where the server gives no count.
func (t *otherTraffic) active(ctx context.Context, d *DB) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.counting || now.Sub(t.last) < otherTrafficEvery {
		return t.isActive
	}
	t.counting = true
	t.mu.Unlock()
	sent := t.sent.Load()
	counted, err := d.globalStatus(ctx, "Questions")
	t.mu.Lock()
	t.counting = false
	if err != nil {
		t.isActive = false
		return false
	}
	if !t.last.IsZero() {
		theirs := counted - t.counted - (sent - t.sentThen)
		t.isActive = float64(theirs) > otherTrafficRate*now.Sub(t.last).Seconds()
	}
	t.last, t.counted, t.sentThen = now, counted, sent
	return t.isActive
}

// OtherTrafficActive reports whether other clients use the server now.
func (d *DB) OtherTrafficActive(ctx context.Context) bool {
	return d.traffic != nil && d.traffic.active(ctx, d) // nil in benchmarks without a server
}

// FarRoundTrip is from where on a server is far away: what a question costs is then mostly its way.
const FarRoundTrip = 2 * time.Millisecond

// IsFar reports whether the server is far away, by its shortest answer to a statement of a session's setup.
func (d *DB) IsFar() bool {
	return d.traffic != nil && d.traffic.roundTrip.Load() >= int64(FarRoundTrip) // nil in benchmarks without a server
}

// Together asks questions that do not depend on each other, and returns the first error in their order. Where the
// server is far away, it asks them at once; elsewhere one after the other, since each at once takes a connection.
func (d *DB) Together(questions ...func() error) error {
	if !d.IsFar() {
		for _, ask := range questions {
			if err := ask(); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, len(questions))
	var asked sync.WaitGroup
	for i, ask := range questions {
		asked.Go(func() { errs[i] = ask() })
	}
	asked.Wait()
	return cmp.Or(errs...)
}

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

// ThreadsRunning is how many threads of the server are at work now, the asking one included.
func (d *DB) ThreadsRunning(ctx context.Context) (int, error) {
	n, err := d.globalStatus(ctx, "Threads_running")
	if err != nil {
		return 0, fmt.Errorf("ask for running threads: %w", mysqlerr.Safe(err))
	}
	return int(n), nil
}

// globalStatus is a number of the server's status, which any login may read.
func (d *DB) globalStatus(ctx context.Context, name string) (n int64, err error) {
	err = d.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n)
	return n, err
}
