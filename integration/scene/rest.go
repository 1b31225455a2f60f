package scene

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// settled is how many dirty pages of 16 KiB are as good as none.
	settled = 200
	// flushTime bounds the wait for it; what is left then is little beside what is measured.
	flushTime = 20 * time.Second
	// purgeTime bounds the wait for a server's purge.
	purgeTime = 3 * time.Minute
	// restingReads are as many reads of pages in a second as a server makes that has nothing to do but to be asked.
	restingReads = 2000
)

// flushing makes a server write out all it can. In this order, as one setting bounds another;
// they are set back in the opposite one.
var flushing = []struct {
	name  string
	value float64
}{
	{"innodb_io_capacity_max", 40_000}, // MariaDB's default of 200 pages a second would take half a minute
	{"innodb_io_capacity", 20_000},
	{"innodb_max_dirty_pages_pct_lwm", 0},
	{"innodb_max_dirty_pages_pct", 0},
}

// AwaitRest waits until both servers have purged and written what earlier work left behind, so that no measurement pays
// for the rows of another.
func (s *Scene) AwaitRest(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, db := range []*sql.DB{s.SourceDB, s.TargetDB} {
		g.Go(func() error { return rest(ctx, db) })
	}
	return g.Wait()
}

func rest(ctx context.Context, db *sql.DB) error {
	before := make([]float64, len(flushing))
	for i, f := range flushing {
		if err := db.QueryRowContext(ctx, "SELECT @@GLOBAL."+f.name).Scan(&before[i]); err != nil {
			return fmt.Errorf("read how the server flushes: %w", err)
		}
	}
	set := func(i int, value float64) error {
		if _, err := db.ExecContext(ctx, fmt.Sprintf("SET GLOBAL %s = %.0f", flushing[i].name, value)); err != nil {
			return fmt.Errorf("set how the server flushes: %w", err)
		}
		return nil
	}
	for i, f := range flushing {
		if err := set(i, f.value); err != nil {
			return err
		}
	}
	if err := AwaitPurge(ctx, db); err != nil {
		return err
	}
	if err := awaitFlush(ctx, db); err != nil {
		return err
	}
	for i := len(flushing) - 1; i >= 0; i-- {
		if err := set(i, before[i]); err != nil {
			return err
		}
	}
	return nil
}

// AwaitPurge waits until the old versions of rows are gone that no transaction can read any more, and the server has
// new statistics. Both read pages, and no other client does. The length of the history list does not tell: it counts
// transactions, and a single one may have changed a million rows.
func AwaitPurge(ctx context.Context, db *sql.DB) error {
	var last int64
	var since time.Time
	return waitUntil(ctx, purgeTime, func() (bool, error) {
		if time.Since(since) < time.Second {
			return false, nil
		}
		reads, err := Status(ctx, db, "Innodb_buffer_pool_read_requests")
		if err != nil {
			return false, fmt.Errorf("wait for the server to purge: %w", err)
		}
		rests := !since.IsZero() && reads-last < restingReads
		last, since = reads, time.Now()
		return rests, nil
	})
}

func awaitFlush(ctx context.Context, db *sql.DB) error {
	return waitUntil(ctx, flushTime, func() (bool, error) {
		dirty, err := Status(ctx, db, "Innodb_buffer_pool_pages_dirty")
		if err != nil {
			return false, fmt.Errorf("wait for the server to flush: %w", err)
		}
		return dirty <= settled, nil
	})
}

// Status is a number of SHOW GLOBAL STATUS.
func Status(ctx context.Context, db *sql.DB, name string) (n int64, err error) {
	err = db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n)
	return n, err
}

// waitUntil asks for at most so long.
func waitUntil(ctx context.Context, most time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(most); time.Now().Before(end); {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
