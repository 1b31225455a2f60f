package mysqldb_test

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// forgetful opens a pool behind a proxy. Its DSN makes the limit of silence one second; without
// it, the limits are SilenceLimit and LookTime.
func forgetful(t *testing.T, s *servers.Server, role mysqldb.Role) (*mysqldb.DB, *proxy.Proxy) {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	dsn := p.DSN(s.DSN(""))
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	db, err := mysqldb.Open(t.Context(), dsn+join+"readTimeout=1s", mysqldb.Options{Name: "shop", Role: role})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db, p
}

func TestTheLimitsOfSilenceAreBelowAMinute(t *testing.T) {
	require.GreaterOrEqual(t, mysqldb.SilenceLimit, 35*time.Second, "a metadata lock is waited for 30 seconds")
	require.LessOrEqual(t, mysqldb.SilenceLimit, time.Minute)
	require.LessOrEqual(t, mysqldb.LookTime, time.Minute)
}

// Connections that die without a word: the first statement notices, and no other one of the pool
// is tried. Each step of planning has the limit.
func TestConnectionsThatDieWithoutAWordAreGivenUp(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		exec(t, s.DB(t, schema), "CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (updated_at))",
			"INSERT INTO t (id) VALUES (1)")
		db, p := forgetful(t, s, mysqldb.Source)
		tbl := introspect(t, db, schema, "t")
		warm := func() { // several connections in the pool
			var conns []*sql.Conn
			for range 6 {
				conn, err := db.Conn(t.Context())
				require.NoError(t, err)
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				require.NoError(t, conn.Close())
			}
		}
		for name, step := range map[string]func() error{
			"a table's structure": func() error { _, err := db.Table(t.Context(), tbl.Name); return err },
			"a window's upper end": func() error {
				_, err := db.ChooseHi(t.Context(), mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("updated_at").Column})
				return err
			},
			"a transaction": func() error {
				tx, err := db.BeginTx(t.Context(), nil)
				if err == nil {
					err = tx.Rollback()
				}
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				warm()
				p.Forget()
				began := time.Now()
				err := step()
				require.Error(t, err)
				require.Equal(t, mysqldb.ClassRetry, mysqldb.Classify(err), "%v", err)
				require.True(t, mysqldb.IsConnectionLost(err), "%v", err)
				require.ErrorContains(t, mysqldb.Safe(err), "no answer for 1s")
				require.Less(t, time.Since(began), 10*time.Second)
				began = time.Now()
				require.NoError(t, step(), "a new connection")
				require.Less(t, time.Since(began), 10*time.Second, "another dead connection was tried")
			})
		}
	})
}

// A long statement may be silent, as long as its server has it.
func TestALongStatementEndsWhenItsServerHasItNoMore(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, p := forgetful(t, s, mysqldb.Target)
		require.NoError(t, mysqldb.ExecWatched(t.Context(), db, "DO SLEEP(2.5)", 200*time.Millisecond), "it was silent, and ran")

		hold := p.Hold(1, "DO /* tablehaul-")
		err := mysqldb.ExecWatched(t.Context(), db, "DO SLEEP(60)", 200*time.Millisecond)
		require.Error(t, err)
		require.Equal(t, mysqldb.ClassRetry, mysqldb.Classify(err), "%v", err)
		require.ErrorContains(t, err, "does not have the statement any more")
		hold.Release()
	})
}

// Whoever waits for another's look waits for its own bound, and then one looks for all.
func TestNobodyWaitsForALookThatIsDead(t *testing.T) {
	const patience = 300 * time.Millisecond
	l := mysqldb.NewLookout(time.Hour, patience)
	dead, end := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		first <- l.Look(t.Context(), func(context.Context) error { close(dead); <-end; return nil })
	}()
	<-dead
	var looks atomic.Int64
	const callers = 20
	done := make(chan error, callers)
	began := time.Now()
	for range callers {
		go func() {
			done <- l.Look(t.Context(), func(context.Context) error { looks.Add(1); return nil })
		}()
	}
	for range callers {
		require.NoError(t, <-done)
	}
	require.Less(t, time.Since(began), 20*patience)
	require.LessOrEqual(t, looks.Load(), int64(3), "they did not share a look")
	close(end)
	require.NoError(t, <-first)

	// A look that its limit has ended is a connection that is taken for dead.
	l = mysqldb.NewLookout(50*time.Millisecond, patience)
	err := l.Look(t.Context(), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	require.Equal(t, mysqldb.ClassRetry, mysqldb.Classify(err), "%v", err)

	// A caller that leaves does not end the look of the others.
	ctx, cancel := context.WithCancel(t.Context())
	started, finish := make(chan struct{}), make(chan struct{})
	go func() {
		first <- l.Look(ctx, func(inner context.Context) error { close(started); <-finish; return inner.Err() })
	}()
	<-started
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	close(finish)
}
