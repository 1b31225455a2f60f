package target_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A proxy that answers CONNECTION_ID() itself names a connection that is not ours on the server.
func TestAProxyThatAnswersForTheConnectionIdIsNoObstacle(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL DEFAULT "+
			"CURRENT_TIMESTAMP(6), KEY (updated_at))",
			"INSERT INTO t (id) VALUES (1)")
		p := proxy.Start(t, s.Addr())
		stranger := dbtest.Session(t, admin)
		var id int64
		require.NoError(t, stranger.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		p.Rewrite("CONNECTION_ID()", fmt.Sprint(id))
		db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Name: "shop", Role: mysqldb.Source})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })

		h := dbtest.Choose(t, db, dbtest.Introspect(t, db, schema, "t"), "updated_at", func(*source.UpperBoundSpec) {})
		require.NotEmpty(t, h.Hi)
		require.Nil(t, h.BlockedBy, "its own transaction was taken for another's")

		// What is ended is our own statement, and never that of the connection that the proxy names.
		slept := make(chan string, 1)
		go func() {
			interrupted := "no answer"
			_ = stranger.QueryRowContext(context.WithoutCancel(t.Context()), "SELECT SLEEP(2)").Scan(&interrupted)
			slept <- interrupted
		}()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- target.ExecWatched(ctx, db, "SELECT SLEEP(60)", time.Minute) }()
		const running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT /* " +
			"tablehaul-%SLEEP(60)'"
		require.Eventually(t, func() bool { return dbtest.Texts(t, admin, running)[0] == "1" }, dbtest.Soon,
			10*time.Millisecond)
		cancel()
		require.Error(t, <-ended)
		require.Eventually(t, func() bool { return dbtest.Texts(t, admin, running)[0] == "0" }, dbtest.Soon,
			10*time.Millisecond)
		require.Equal(t, "0", <-slept, "a stranger's statement was ended")
	})
}
