package mysqldb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// found are the findings of a level, each as "column: text (remedy)".
func found(t testing.TB, db *mysqldb.DB, tbl *mysqldb.Table, check mysqldb.SourceCheck, level table.Level) []string {
	t.Helper()
	all, err := db.CheckSource(t.Context(), tbl, check)
	require.NoError(t, err)
	var out []string
	for _, f := range all {
		require.Equal(t, tbl.Name.String(), f.Table)
		if f.Level == level {
			out = append(out, f.Column+": "+f.Text+" ("+f.Remedy+")")
		}
	}
	return out
}

func TestCheckSourceHasNothingAgainstAGoodTable(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		exec(t, admin, "CREATE TABLE good (id INT PRIMARY KEY, u TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),"+
			" g INT GENERATED ALWAYS AS (id + 1) VIRTUAL, KEY (u))")
		tbl := introspect(t, db, schema, "good")
		check := mysqldb.SourceCheck{Cursor: "u"}
		require.Empty(t, found(t, db, tbl, check, table.LevelRefuse))
		require.Empty(t, found(t, db, tbl, check, table.LevelWarn))
		require.Equal(t, []string{": generated columns are computed by the target: g ()"}, found(t, db, tbl, check, table.LevelInfo))
	})
}

func TestCheckSourceRefusesWhatWouldLoseRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		exec(t, admin,
			"CREATE TABLE nokey (id INT NOT NULL, name VARCHAR(9), UNIQUE KEY n (name), UNIQUE KEY i (id))",
			"CREATE TABLE nulls (id INT PRIMARY KEY, u DATETIME(3), i DATETIME, KEY (i))",
			"INSERT INTO nulls VALUES (1, NOW(), NOW()), (2, NULL, NOW())",
			"CREATE TABLE parent (id INT PRIMARY KEY)",
			"CREATE TABLE child (id INT PRIMARY KEY, p INT, u DATE NOT NULL, CONSTRAINT "+schema+" FOREIGN KEY (p) REFERENCES parent (id) ON UPDATE CASCADE)",
			"CREATE TABLE isam (id INT PRIMARY KEY) ENGINE=MyISAM")
		utc := mysqldb.SourceCheck{Cursor: "u", Zone: "+00:00"}
		check := func(name, cursor string, level table.Level) string {
			c := utc
			c.Cursor = cursor
			return strings.Join(found(t, db, introspect(t, db, schema, name), c, level), "\n")
		}
		refuse, warn := table.LevelRefuse, table.LevelWarn

		require.Contains(t, check("nokey", "", refuse), "ADD PRIMARY KEY (`id`)")
		require.Contains(t, check("nokey", "", warn), "every run reads the whole table")
		require.Equal(t, "oops: there is no column oops for a cursor (possible columns are id, i, u)", check("nulls", "oops", refuse))
		require.Contains(t, check("nokey", "name", refuse), "column name has the type varchar(9): a cursor is a DATETIME")
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

		if s.Flavor == servers.FlavorMySQL {
			return // without its zone tables it knows no names
		}
		utc.Zone = "Nowhere/Atall"
		require.Contains(t, check("nulls", "i", refuse), `the server does not know the time zone "Nowhere/Atall"`)
	})
}

func TestCheckSourceNamesTheMissingPrivilege(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		exec(t, admin, stamped, "CREATE USER "+schema+"@'%' IDENTIFIED BY 'pw'", "GRANT SELECT ON "+schema+".* TO "+schema+"@'%'")
		t.Cleanup(func() { _, _ = s.DB(t, "").ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+schema+"@'%'") })
		db, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tbl := introspect(t, db, schema, "t")
		check := mysqldb.SourceCheck{Cursor: "ts"}
		require.Contains(t, strings.Join(found(t, db, tbl, check, table.LevelRefuse), ""), "GRANT PROCESS ON *.*")
		check.FixedLag = time.Minute
		require.Empty(t, found(t, db, tbl, check, table.LevelRefuse))
		require.Contains(t, strings.Join(found(t, db, tbl, check, table.LevelWarn), ""), "longer than 1m0s are lost")
	})
}

func TestCheckSourceWarnsOfSummerTime(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Setenv("TZ", "Europe/Paris")
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			exec(t, s.DB(t, schema), stamped)
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			warned := strings.Join(found(t, db, tbl, mysqldb.SourceCheck{Cursor: "dt"}, table.LevelWarn), "\n")
			require.Contains(t, warned, "an hour of it comes twice")
			require.Empty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "dt", Zone: "+01:00"}, table.LevelWarn))
			require.Empty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "ts"}, table.LevelWarn))
		})
	}
}
