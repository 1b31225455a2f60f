package source_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Without an index, the largest value takes a look at every row. The server may be silent for as long as the look has,
// and ends it then by itself: it is a refusal that says what to do, and not a connection that is lost again and again.
func TestALookForTheLargestValueHasItsTime(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, n BIGINT NOT NULL)",
			"INSERT INTO t VALUES (1, 10), (2, 30), (3, 20)",
			"CREATE VIEW slow AS SELECT id, n + SLEEP(0.7) AS n FROM t",
			"CREATE VIEW slower AS SELECT id, n + SLEEP(20) AS n FROM t")
		db, _ := dbtest.Forgetful(t, s, mysqldb.Source) // it gives up after a second of silence
		tbl := dbtest.Introspect(t, db, schema, "t")
		tbl.Name.Table = "slow"
		require.Equal(t, "30", dbtest.Choose(t, db, tbl, "n").Hi)

		spec := source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("n").Column}
		err := source.LargestWithin(t.Context(), source.New(db), spec, time.Second)
		require.Equal(t, mysqlerr.ClassConfiguration, mysqlerr.Classify(err), "%v", err)
		require.ErrorContains(t, err, "the largest n is not found within 1s, since no index begins with it")
		require.Equal(t, "ALTER TABLE `"+schema+"`.`slow` ADD INDEX (`n`)", mysqlerr.Describe(err).Remedy)
		const running = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%MAX(`n`)%' AND " +
			"id <> CONNECTION_ID()"
		require.Equal(t, []string{"0"}, dbtest.Texts(t, admin, running), "it runs on")

		// A caller that has less time leaves nothing behind either.
		tbl.Name.Table = "slower"
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Error(t, source.LargestWithin(ctx, source.New(db), spec, time.Hour))
		require.Eventually(t, func() bool { return dbtest.Texts(t, admin, running)[0] == "0" }, 10*time.Second,
			50*time.Millisecond, "it runs on")
	})
}
