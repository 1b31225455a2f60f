package activities_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A run that ends after any of its steps leaves nothing that the next one cannot clear, and none of its steps changes
// anything any more when the next one has begun.
func TestARunThatWasCutOffIsReplacedByTheNext(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		plan, planned := r.begun()
		r.AtSource("DELETE FROM t WHERE id < 50")
		check := r.loaded(plan, planned)
		loaded := r.requireFenced(check)
		r.AtSource("DELETE FROM t WHERE id < 100")
		checked := r.checked()
		r.requireSwapFenced(planned, loaded)
		require.Equal(t, "250 31125", r.rows("t"))
		r.AtSource("DELETE FROM t WHERE id < 150")
		r.swap(r.checked())
		r.requireSwapFenced(planned, loaded, checked)
		require.Equal(t, "100 19950", r.rows("t"))
		require.Equal(t, "t tablehaul_old_t", r.tables())
	})
}

// requireFenced begins another run, loads it, and requires that the chunks of the run before are refused.
func (r *replacing) requireFenced(before activities.CheckReplacementInput) activities.RangeInput {
	r.t.Helper()
	plan, in := r.begun()
	var ignored any
	chunk := activities.UpsertChunkInput{RangeInput: before.RangeInput, ChunkRef: activities.ChunkRef{Rows: 100}}
	requireType(r.t, r.step("UpsertChunk", chunk, &ignored), failure.LeaseLost)
	require.Equal(r.t, "0 0", r.rows("tablehaul_new_t"))
	after := r.loaded(plan, in)
	requireType(r.t, r.step("CheckReplacement", activities.CheckReplacementInput{
		RangeInput: before.RangeInput, Rows: after.Rows, Digest: after.Digest,
	}, &ignored), failure.LeaseLost)
	return in
}

// requireSwapFenced requires that no run before the last one swaps.
func (r *replacing) requireSwapFenced(runs ...activities.RangeInput) {
	r.t.Helper()
	for _, in := range runs {
		var ignored any
		requireType(r.t, r.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &ignored), failure.LeaseLost)
	}
}

// A worker that dies between a RENAME and its record, or whose reply to it is lost, is followed by one that finds out
// what has happened. On a server whose RENAME is not atomic, that may be a half of it.
func TestASwapThatWasCutOffIsTakenUp(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		r.AtSource("DELETE FROM t WHERE id < 50")
		swapped := r.checked()
		r.swap(swapped)
		r.forgetSwap()
		require.True(t, r.swap(swapped).Kept)
		require.Equal(t, "200 29900", r.rows("t"))

		half := r.checked()
		r.AtTarget("DROP TABLE tablehaul_old_t", "RENAME TABLE t TO tablehaul_old_t") // of "t TO old, new TO t"
		require.True(t, r.swap(half).Kept)
		require.Equal(t, "200 29900", r.rows("t"))

		r.checked()
		r.AtTarget("DROP TABLE tablehaul_old_t", "RENAME TABLE t TO tablehaul_old_t")
		require.False(t, r.dropOld().Dropped, "it is the only one")
		r.begun()
		require.Equal(t, "200 29900", r.rows("t"), "the next run brings the target back before it loads")
		require.True(t, r.replaced().Kept)
		require.Equal(t, "t tablehaul_old_t", r.tables())
	})
}

// forgetSwap makes the record of a swap that of before the RENAME.
func (r *replacing) forgetSwap() {
	r.AtTarget(`UPDATE tablehaul_state SET done = REPLACE(done, '"swapped"', '"checked"') WHERE state_id = 'replacement'`)
}

// A transaction that has its snapshot from before the load's end would see a part of the rows after the swap. The swap
// waits for it; where it lasts, the transaction gets an error.
func TestASwapWaitsForOlderTransactions(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		r.patient()
		r.AtTarget("CREATE TABLE other (id INT)")
		reader := dbtest.Session(t, s.DB(t, r.To))
		snapshot := []string{
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT",
			"SELECT * FROM other",
		}
		dbtest.Run(t, reader, snapshot...)
		r.AtSource("DELETE FROM t WHERE id < 50")
		in := r.checked()
		r.onWaiting("older than the load", func() { dbtest.Run(t, reader, "COMMIT") })
		require.False(t, r.swap(in).Rebuilt)
		require.Equal(t, "200 29900", r.rows("t"))

		dbtest.Run(t, reader, snapshot...)
		in = r.checked()
		r.lower(activities.Sizes{SwapPatience: time.Nanosecond})
		require.True(t, r.swap(in).Rebuilt)
		var rows int
		err := reader.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&rows)
		require.ErrorContains(t, err, "1412")
		dbtest.Run(t, reader, "COMMIT", "SELECT * FROM t")
	})
}

// onWaiting calls f once, when the step waits for something whose reason has a text.
func (r *replacing) onWaiting(reason string, f func()) {
	r.deps.Log = slog.New(waitHandler{Handler: slog.DiscardHandler, reason: reason, then: sync.OnceFunc(f)})
	r.restart()
}

// waitHandler looks for a wait in a worker's log.
type waitHandler struct {
	slog.Handler
	reason string
	then   func()
}

func (h waitHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h waitHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h waitHandler) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "waiting" && strings.Contains(a.Value.String(), h.reason) {
			h.then()
		}
		return true
	})
	return nil
}

// A session that keeps a lock of the target holds the swap up, visibly, and is not held up by it: a transaction that
// has read, and a table lock.
func TestASwapWaitsForLocksOfTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.replaced()
		holder := dbtest.Session(t, s.DB(t, r.To))
		for _, lock := range [][]string{
			{"BEGIN", "SELECT * FROM t"}, {"LOCK TABLES t READ"}, {"LOCK TABLES t WRITE"},
		} {
			r.lower(activities.Sizes{})
			in := r.checked()
			dbtest.Run(t, holder, lock...)
			r.lower(activities.Sizes{SwapPatience: time.Nanosecond})
			r.onWaiting("", func() { dbtest.Run(t, holder, "UNLOCK TABLES", "COMMIT") })
			r.swap(in)
			require.Equal(t, "t tablehaul_old_t", r.tables())
		}
	})
}

// What others write to the target while the table is loaded that takes its place would be lost: the swap is refused.
// So is it where they alter, create or drop the target.
func TestAWriterOnTheTargetStopsTheSwap(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		created := r.checked()
		r.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NULL)")
		r.requireNoSwap(created, failure.TargetWritten)
		for typ, statements := range map[string][]string{
			failure.TargetWritten: {
				"INSERT INTO t VALUES (999, 'mine', '2024-01-01')", "UPDATE t SET v = 'other' WHERE id = 999",
				"DELETE FROM t WHERE id = 999",
			},
			failure.TableChanged: {"ALTER TABLE t ADD KEY mine (v)", "ALTER TABLE t DROP KEY mine"},
		} {
			for _, statement := range statements {
				in := r.checked()
				dbtest.NextSecond(r.t, r.Target.DB(r.t, r.To))
				r.AtTarget(statement)
				r.requireNoSwap(in, typ)
			}
		}
		r.replaced()
		require.Equal(t, "250 31125", r.rows("t"))
	})
}

func (r *replacing) requireNoSwap(in activities.RangeInput, typ string) {
	r.t.Helper()
	before := r.rows("t")
	var ignored any
	requireType(r.t, r.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &ignored), typ)
	require.Equal(r.t, before, r.rows("t"))
}

// Readers never see the target empty, partly filled or missing, while it is replaced again and again.
func TestReadersNeverMissTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.patient() // a rebuild would end the readers' transactions
		r.replaced()
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		var reads [2]int
		errs := make(chan error, len(reads))
		for i := range reads {
			db := s.DB(t, r.To)
			readers.Go(func() {
				for ctx.Err() == nil {
					if err := readWhole(db, i == 0); err != nil {
						errs <- err
						return
					}
					reads[i]++
					time.Sleep(time.Millisecond) // a swap takes longer
				}
			})
		}
		for range 3 {
			r.replaced()
		}
		cancel()
		readers.Wait()
		require.Empty(t, errs)
		require.Positive(t, reads[0])
		require.Positive(t, reads[1])
	})
}

// readWhole reads the target, in a transaction of its own or by one statement, and requires all of its rows.
func readWhole(db *sql.DB, inTransaction bool) error {
	ctx := context.Background() // a statement that was cut off says nothing
	var rows, again int
	if !inTransaction {
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM t").Scan(&rows); err != nil || rows != 250 {
			return fmt.Errorf("%d rows, %w", rows, err)
		}
		return nil
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it has read only
	for _, n := range []*int{&rows, &again} {
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM t").Scan(n); err != nil || *n != 250 {
			return fmt.Errorf("%d rows, %w", *n, err)
		}
	}
	return nil
}

// A table beside the target that Tablehaul has no record of is not dropped.
func TestAForeignTableBesideTheTargetIsNotDropped(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.AtTarget("CREATE TABLE tablehaul_new_t (id INT)")
		var ignored any
		requireType(t, r.step("PlanRun", r.planInput(), &ignored), failure.ServerRejected)
		r.AtTarget("RENAME TABLE tablehaul_new_t TO tablehaul_old_t")
		requireType(t, r.step("PlanRun", r.planInput(), &ignored), failure.ServerRejected)
		require.Equal(t, "tablehaul_old_t", r.tables())
	})
}
