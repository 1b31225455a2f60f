package target_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A transaction that has read the table keeps it from being altered. The statement gives way, and says who it was.
func TestAnAlterGivesWayToAnOpenTransaction(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target, Name: "target"})
		schema := s.Schema(t)
		lenient := dbtest.Lenient(t, s, schema)
		dbtest.Exec(t, lenient, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
		name := table.Name{Schema: schema, Table: "t"}
		holder := dbtest.Session(t, lenient)
		dbtest.Run(t, holder, "BEGIN", "SELECT * FROM t")

		err := target.New(db).ExecExclusive(t.Context(), "ALTER TABLE "+name.String()+" ADD COLUMN c INT", name)
		require.True(t, mysqlerr.IsLockConflict(err), "%v", err)
		require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err))
		if db.Server.Flavor == mysqldb.FlavorMySQL {
			require.ErrorContains(t, err, "keeps a lock of it")
		}
		require.Nil(t, dbtest.Introspect(t, db, schema, "t").Column("c"))

		dbtest.Run(t, holder, "COMMIT")
		require.NoError(t, target.New(db).ExecExclusive(t.Context(),
			"ALTER TABLE "+name.String()+" ADD COLUMN c INT", name))
		require.NotNil(t, dbtest.Introspect(t, db, schema, "t").Column("c"))
	})
}

// Neither the indexes of a first load nor a rebuild hold up others behind a transaction that has read the table: both
// give way to it.
func TestLongAltersGiveWayToAnOpenTransaction(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		dst := target.New(dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target, Name: "target"}))
		name := table.Name{Schema: s.Schema(t), Table: "t"}
		admin := s.DB(t, name.Schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
		index := []target.DeferredIndex{{Name: "by_v", Definition: "KEY `by_v` (`v`)"}}
		for what, alter := range map[string]func() error{
			"indexes":   func() error { _, err := dst.AddIndexes(t.Context(), name, index); return err },
			"a rebuild": func() error { return dst.Rebuild(t.Context(), name) },
		} {
			holder := dbtest.Session(t, admin)
			dbtest.Run(t, holder, "BEGIN", "SELECT * FROM t")
			err := dbtest.ReadMeanwhile(t, admin, "SELECT * FROM t", alter)
			require.True(t, mysqlerr.IsLockConflict(err), "%s: %v", what, err)
			require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err), what)
			dbtest.Run(t, holder, "COMMIT")
			require.NoError(t, alter(), what)
		}
		added, err := dst.AddIndexes(t.Context(), name, index)
		require.NoError(t, err)
		require.Zero(t, added, "it is there")
	})
}

// Each try makes the readers of a table wait: of five in an hour that have failed, no sixth is made.
func TestTriesAtATableAreBounded(t *testing.T) {
	db := dbtest.Open(t, servers.MySQL(t), mysqldb.Options{Role: mysqldb.Target, Name: "target"})
	tries, now := target.NewFailedTries(), time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	one, other := table.Name{Schema: "s", Table: "a"}, table.Name{Schema: "s", Table: "b"}
	for i := range 5 {
		require.Zero(t, tries.NextAt(db, one, now.Add(time.Duration(i)*time.Minute)))
		tries.Add(db, one, now.Add(time.Duration(i)*time.Minute))
	}
	require.Equal(t, now.Add(time.Hour), tries.NextAt(db, one, now.Add(10*time.Minute)))
	require.Zero(t, tries.NextAt(db, other, now.Add(10*time.Minute)))
	require.Zero(t, tries.NextAt(db, one, now.Add(time.Hour)))
}
