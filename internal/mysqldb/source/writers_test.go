package source_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// follower does what a sequence of runs does with the windows of one cursor, without overlap.
type follower struct {
	column  string
	lo      string
	samples []source.CursorSample
	seen    map[string]bool
}

func (f *follower) follow(t testing.TB, db *mysqldb.DB, tbl *schema.Table) {
	t.Helper()
	h := dbtest.Choose(
		t,
		db,
		tbl,
		f.column,
		func(spec *source.UpperBoundSpec) { spec.Zone = "+00:00"; spec.Samples = f.samples },
	)
	f.samples = h.Samples
	if h.Hi == "" {
		return
	}
	cursor := tbl.Column(f.column).Column
	if f.lo != "" {
		order, err := table.CompareCursor(cursor, h.Hi, f.lo)
		require.NoError(t, err)
		if order <= 0 {
			return
		}
	}
	rows, _ := dbtest.ReadAll(t, db, scan.ReadSpec{
		Table: tbl, Columns: tbl.Values()[:1], Cursor: f.column,
		Window: table.Window{Lo: f.lo, Hi: h.Hi}, Limits: scan.PageLimits{Rows: 50},
	})
	for _, r := range rows {
		f.seen[r] = true
	}
	f.lo = h.Hi
}

// write runs transactions of random length until stop: several statements, commits that come
// late, a rollback now and then.
func write(ctx context.Context, db *sql.DB, stop <-chan struct{}) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return err
	}
	for {
		stmts := []string{"BEGIN"}
		for range 1 + rand.IntN(4) {
			stmts = append(
				stmts,
				"INSERT INTO t () VALUES (), ()",
				fmt.Sprintf("DO SLEEP(%.3f)", rand.ExpFloat64()*0.2),
			)
		}
		end := "COMMIT"
		if rand.IntN(10) == 0 {
			end = "ROLLBACK"
		}
		for _, stmt := range append(stmts, end) {
			if _, err := conn.ExecContext(ctx, stmt); err != nil {
				return fmt.Errorf("%s: %w", stmt, err)
			}
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func TestNoRowIsLostBetweenWindowsWhileOthersWrite(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema, admin, db, tbl := stamped(t, s)
		stop := make(chan struct{})
		var writers sync.WaitGroup
		errs := make(chan error, 8)
		for range cap(errs) {
			writers.Add(1)
			go func() { defer writers.Done(); errs <- write(context.WithoutCancel(t.Context()), admin, stop) }()
		}
		var followers []*follower
		var following sync.WaitGroup
		for _, column := range []string{"ts", "dt", "id"} {
			f := &follower{column: column, seen: map[string]bool{}}
			followers = append(followers, f)
			following.Add(1)
			go func() {
				defer following.Done()
				for deadline := time.Now().Add(7 * time.Second); time.Now().Before(deadline); {
					f.follow(t, db, tbl)
				}
			}()
		}
		following.Wait()
		close(stop)
		writers.Wait()
		for range cap(errs) {
			require.NoError(t, <-errs)
		}
		for _, f := range followers {
			f.follow(t, db, tbl)
			var where string
			if f.lo != "" {
				where = " WHERE " + f.column + " <= '" + f.lo + "'"
			}
			want := dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT id FROM t"+where)
			require.Greater(t, len(want), 100, f.column)
			for _, id := range want {
				require.True(t, f.seen[id], "row %s was never read along %s", id, f.column)
			}
		}
	})
}
