package source_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestCheckHasNothingAgainstAGoodTable(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE good (id INT PRIMARY KEY, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON"+
				" UPDATE CURRENT_TIMESTAMP(6),"+
				" g INT GENERATED ALWAYS AS (id + 1) VIRTUAL, KEY (u))",
		)
		tbl := dbtest.Introspect(t, db, schema, "good")
		check := source.CheckSpec{Cursor: "u"}
		require.Empty(t, dbtest.Found(t, db, tbl, check, table.LevelRefuse))
		require.Empty(t, dbtest.Found(t, db, tbl, check, table.LevelWarn))
		require.Equal(
			t,
			[]string{": generated columns are computed by the target: g ()"},
			dbtest.Found(t, db, tbl, check, table.LevelInfo),
		)
	})
}

func TestCheckRefusesWhatWouldLoseRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE nokey (id INT NOT NULL, name VARCHAR(9), UNIQUE KEY n (name), KEY i (id))",
			"CREATE TABLE nulls (id INT PRIMARY KEY, u DATETIME(3), i DATETIME, KEY (i))",
			"INSERT INTO nulls VALUES (1, NOW(), NOW()), (2, NULL, NOW())",
			"CREATE TABLE parent (id INT PRIMARY KEY)",
			"CREATE TABLE child (id INT PRIMARY KEY, p INT, u DATE NOT NULL, CONSTRAINT "+schema+" FOREIGN KEY"+
				" (p) REFERENCES parent (id) ON UPDATE CASCADE)",
			"CREATE TABLE isam (id INT PRIMARY KEY) ENGINE=MyISAM",
		)
		utc := source.CheckSpec{Cursor: "u", Zone: "+00:00"}
		check := func(name, cursor string, level table.Level) string {
			c := utc
			c.Cursor = cursor
			return strings.Join(dbtest.Found(t, db, dbtest.Introspect(t, db, schema, name), c, level), "\n")
		}
		refuse, warn := table.LevelRefuse, table.LevelWarn

		require.Contains(t, check("nokey", "", refuse), "no unique key of whole columns that are NOT NULL")
		require.Contains(t, check("nokey", "", table.LevelInfo), "every run reads the whole table")
		require.Empty(t, check("nokey", "", warn), "a small table costs little")
		large := dbtest.Introspect(t, db, schema, "nokey")
		large.Bytes = 64 << 20
		found := dbtest.Found(t, db, large, source.CheckSpec{Zone: "+00:00"}, warn)
		require.Contains(t, strings.Join(found, "\n"), "every run reads the whole table, about ")
		require.Equal(
			t,
			"oops: there is no column oops for a cursor (possible columns are id, i, u)",
			check("nulls", "oops", refuse),
		)
		require.Contains(
			t,
			check("nokey", "name", refuse),
			"column name has the type varchar(9): a cursor is a DATETIME",
		)
		require.Contains(t, check("nulls", "u", refuse), "the cursor u is NULL in some rows")
		require.Contains(t, check("nulls", "u", warn), "no index begins with the cursor u")
		require.Empty(t, check("nulls", "i", refuse))
		require.Contains(t, check("nulls", "i", warn), "column i may be NULL, now it never is")
		require.Contains(t, check("child", "u", warn), "foreign keys change rows without touching a cursor: "+schema)
		require.Contains(t, check("isam", "id", refuse), "engine MyISAM has no transactions that the server shows")
		require.Contains(t, check("isam", "id", refuse), "or set fixedLag")
		require.Contains(t, check("isam", "", warn), "engine MyISAM has no transactions")
		utc.FixedLag = time.Minute
		require.NotContains(t, check("isam", "id", refuse), "MyISAM")
		require.Contains(t, check("isam", "id", warn), "engine MyISAM has no transactions")
		utc.FixedLag = 0

		if s.Flavor == servers.FlavorMariaDB { // MySQL without its zone tables knows no names
			utc.Zone = "Nowhere/Atall"
			require.Contains(t, check("nulls", "i", refuse), `the server does not know the time zone "Nowhere/Atall"`)
		}
	})
}

func TestCheckNamesTheMissingPrivilege(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		dbtest.Exec(
			t,
			admin,
			dbtest.Stamped,
			"CREATE USER "+schema+"@'%' IDENTIFIED BY 'pw'",
			"GRANT SELECT ON "+schema+".* TO "+schema+"@'%'",
		)
		t.Cleanup(
			func() { _, _ = s.DB(t, "").ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+schema+"@'%'") },
		)
		db, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tbl := dbtest.Introspect(t, db, schema, "t")
		check := source.CheckSpec{Cursor: "ts"}
		require.Contains(
			t,
			strings.Join(dbtest.Found(t, db, tbl, check, table.LevelRefuse), ""),
			"GRANT PROCESS ON *.*",
		)
		check.FixedLag = time.Minute
		require.Empty(t, dbtest.Found(t, db, tbl, check, table.LevelRefuse))
		require.Contains(
			t,
			strings.Join(dbtest.Found(t, db, tbl, check, table.LevelWarn), ""),
			"longer than 1m0s are lost",
		)
	})
}

func TestCheckWarnsOfSummerTime(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Setenv("TZ", "Europe/Paris")
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			dbtest.Exec(t, s.DB(t, schema), dbtest.Stamped)
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			warned := strings.Join(dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "dt"}, table.LevelWarn), "\n")
			require.Contains(t, warned, "an hour of it comes twice")
			require.Empty(t, dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "dt", Zone: "+01:00"}, table.LevelWarn))
			require.Empty(t, dbtest.Found(t, db, tbl, source.CheckSpec{Cursor: "ts"}, table.LevelWarn))
		})
	}
}
