package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// cursors are the tables of the property test: one for each kind of cursor that loses rows in
// a way of its own. The last is only ever inserted into, as an integer cursor demands.
var cursors = []struct{ table, cursor, ddl string }{
	{"micros", "updated_at", "updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE " +
		"CURRENT_TIMESTAMP(6), KEY (updated_at)"},
	{"seconds", "updated_at", "updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, " +
		"KEY (updated_at)"},
	{"numbers", "id", "updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"},
}

const (
	writers = 6
	// longestCommit bounds the delay between a transaction's statements and its COMMIT.
	longestCommit = 2 * time.Second
)

// seedVariable repeats the schedule of an earlier test. Threads still meet as they like, so a
// seed makes a failure likely again, not certain.
const seedVariable = "TABLEHAUL_TEST_SEED"

func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, seedVariable)
	}
	t.Logf("%s=%d", seedVariable, s)
	return s
}

// With any writers, a run that ends has every row at or below its watermark. A naive
// window over the same rows at the same time must lose some, or this test sees nothing.
func TestRandomWritersLoseNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: `- { name: FROM.micros, target: TO.micros, cursor: updated_at, overlap: 0s }
- { name: FROM.seconds, target: TO.seconds, cursor: updated_at, overlap: 0s }
- { name: FROM.numbers, target: TO.numbers, cursor: id }`, defaults: ", tuning: { chunkRows: 50, pageRows: 40 }"})
		for _, c := range cursors {
			for _, name := range []string{c.table, "naive_" + c.table} {
				exec(t, p.src, fmt.Sprintf("CREATE TABLE %s (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, %s)",
					name, c.ddl))
			}
			exec(t, p.src, fmt.Sprintf("INSERT INTO %s (v, updated_at) VALUES (0, '2024-01-01')", c.table))
		}
		from := seed(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var all sync.WaitGroup
		errs := make(chan error, writers+len(cursors))
		for n := range writers {
			w := &writer{db: p.src, random: rand.New(rand.NewPCG(from, uint64(n)))} //nolint:gosec // no secret
			all.Go(func() { errs <- w.write(ctx) })
		}
		for _, c := range cursors {
			all.Go(func() { errs <- naive(ctx, p.src, c.table, c.cursor) })
		}
		runs := int64(16) // that meet the writers, of all tables
		if servers.Thorough() {
			runs = 50
		}
		p.runAgainst(runs)
		for _, c := range cursors { // or this schedule proves nothing
			holds(t, p.src, naiveLost(c.table, c.cursor))
		}
		stop()
		all.Wait()
		for range cap(errs) {
			require.NoError(t, <-errs)
		}
		p.requireNothingLost()
	})
}

// runAgainst runs every table over and over, and checks each run's promise as soon as it ends.
func (p *product) runAgainst(runs int64) {
	p.t.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	errs := make(chan error, len(cursors))
	for _, c := range cursors {
		all.Go(func() {
			errs <- func() error {
				last := ""
				for i := 0; done.Add(1) <= runs || i < 5; i++ {
					r, err := p.oneRun(c.table)
					if err != nil {
						return fmt.Errorf("run of %s: %w", c.table, err)
					}
					if c.cursor != "id" && r.Watermark < last {
						return fmt.Errorf("the watermark of %s fell from %s to %s", c.table, last, r.Watermark)
					}
					last = r.Watermark
					if err := p.checkPromise(c.table, c.cursor, last); err != nil {
						return err
					}
				}
				return nil
			}()
		})
	}
	all.Wait()
	for range cursors {
		require.NoError(p.t, <-errs)
	}
}

func (p *product) oneRun(name string) (r workflows.SyncTableResult, err error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
	defer cancel()
	run, err := p.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: workflows.SyncTableID(p.queue,
		p.table(name)), TaskQueue: p.queue},
		workflows.SyncTableName, workflows.SyncTableInput{Table: p.table(name)})
	if err != nil {
		return r, err
	}
	return r, run.Get(ctx, &r)
}

// checkPromise looks for a committed row at or below the watermark that the target does not
// have, or has in an older version. Both sides are on one server, so one statement sees both.
func (p *product) checkPromise(name, cursor, watermark string) error {
	if watermark == "" {
		return nil // held back since the beginning: nothing is promised yet
	}
	conn, err := p.src.Conn(p.t.Context())
	if err != nil {
		return err
	}
	defer leave(conn)
	if name == "micros" {
		if _, err := conn.ExecContext(p.t.Context(), "SET time_zone = '+00:00'"); err != nil {
			return err
		}
	}
	var lost int
	var first sql.NullString
	query := fmt.Sprintf("SELECT COUNT(*), MIN(s.id) FROM %s s LEFT JOIN %s.%s d ON d.id = s.id AND d.updated_at >= "+
		"s.updated_at WHERE s.%s <= ? AND d.id IS NULL",
		name, p.to, name, cursor)
	if err := conn.QueryRowContext(p.t.Context(), query, watermark).Scan(&lost, &first); err != nil {
		return err
	}
	if lost > 0 {
		return fmt.Errorf("%d rows of %s at or below the watermark %s are not on the target, the first has id %s", lost,
			name, watermark, first.String)
	}
	return nil
}

// requireNothingLost lets the runs catch up with writers that have ended, and compares.
func (p *product) requireNothingLost() {
	p.t.Helper()
	p.settled("micros")
	p.settledLocal("seconds")
	require.Eventually(p.t, func() bool {
		return p.once("numbers").Watermark == scalar(p.t, p.src, "SELECT MAX(id) FROM numbers")
	}, timeout, runPoll)
	for _, c := range cursors {
		p.equal(c.table, []string{"id"}, "v", "updated_at")
	}
}

// naiveLost counts rows that the naive window has gone past.
func naiveLost(name, cursor string) string {
	return fmt.Sprintf("SELECT COUNT(*) FROM %[1]s s LEFT JOIN naive_%[1]s n ON n.id = s.id AND "+
		"n.updated_at = s.updated_at WHERE n.id IS NULL AND s.%[2]s < (SELECT MAX(%[2]s) FROM naive_%[1]s)",
		name, cursor)
}

// naive does what is usually done, several times a second.
func naive(ctx context.Context, db *sql.DB, name, cursor string) error {
	for pause(ctx, 200*time.Millisecond) {
		if err := naiveRun(context.WithoutCancel(ctx), db, name, cursor); err != nil {
			return err
		}
	}
	return nil
}

// naiveRun copies what lies above the largest cursor seen. READ COMMITTED, or reading would
// lock the source's rows and wait for the very writers that it is to miss.
func naiveRun(ctx context.Context, db *sql.DB, name, cursor string) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer leave(conn)
	beginning := "'1970-01-02'"
	if cursor == "id" {
		beginning = "0"
	}
	for _, q := range []string{
		"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
		fmt.Sprintf("SELECT COALESCE(MAX(%s), %s) INTO @seen FROM naive_%s", cursor, beginning, name),
		fmt.Sprintf("REPLACE INTO naive_%s SELECT * FROM %s WHERE %s > @seen", name, name, cursor),
	} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
