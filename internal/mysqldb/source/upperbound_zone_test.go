package source_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestChooseUpperBoundDoesNotCareForTheZoneOfTheServer(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Setenv("TZ", "America/Los_Angeles") // the operating system's zone, as mysqld sees it
			s := servers.Private(t, flavor, "--default-time-zone=+05:00")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(t, admin, dbtest.Stamped)
			require.NotEqual(t, "UTC", dbtest.Texts(t, admin, "SELECT @@system_time_zone")[0])
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			writer := dbtest.Session(t, admin)
			dbtest.Run(t, writer, "BEGIN", "INSERT INTO t () VALUES ()")
			dbtest.WaitUntil(
				t,
				admin,
				"SELECT SUM(time) >= 3 FROM information_schema.processlist WHERE command = 'Sleep'",
			)
			h := dbtest.Choose(t, db, tbl, "ts")
			local := dbtest.Choose(t, db, tbl, "dt")
			dbtest.Run(t, writer, "COMMIT")
			utc := time.Now().UTC()
			require.Less(t, h.Hi, dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0])
			require.WithinDuration(t, utc, dbtest.Parse(t, h.Hi), 30*time.Second)
			require.Less(t, local.Hi, dbtest.Texts(t, admin, "SELECT dt FROM t")[0])
			require.WithinDuration(t, utc.Add(5*time.Hour), dbtest.Parse(t, local.Hi), 30*time.Second)
		})
	}
}

func TestChooseUpperBoundIsHeldByAPreparedTransaction(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor)
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(t, admin, dbtest.Stamped)
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			writer := dbtest.Session(t, admin)
			dbtest.Run(
				t,
				writer,
				"SET time_zone = '+00:00'",
				"XA START 'x'",
				"INSERT INTO t () VALUES ()",
				"XA END 'x'",
				"XA PREPARE 'x'",
			)
			_ = writer.Raw(func(any) error { return sql.ErrConnDone })
			h := dbtest.Choose(t, db, tbl, "ts")
			s.Kill(t)
			s.Restart(t)
			recovered := dbtest.Choose(t, db, tbl, "ts")
			require.Empty(t, recovered.Hi)
			require.Equal(t, source.BlockerXA, recovered.BlockedBy.Kind)
			dbtest.Exec(t, admin, "XA COMMIT 'x'")
			ts := dbtest.Texts(t, dbtest.Lenient(t, s, schema), "SELECT ts FROM t")[0]
			require.Less(t, h.Hi, ts)
			require.Greater(t, dbtest.Choose(t, db, tbl, "ts").Hi, ts)
		})
	}
}

func TestChooseUpperBoundCountsRowsOfTheFutureAndDoesNotFollowThem(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		dbtest.Exec(
			t,
			admin,
			dbtest.Stamped,
			"INSERT INTO t (ts, dt) VALUES (NOW(), NOW()), (NOW(), '2099-01-01'), (NOW(), '2099-01-02')",
		)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		h := dbtest.Choose(
			t,
			db,
			dbtest.Introspect(t, db, schema, "t"),
			"dt",
			func(h *source.UpperBoundSpec) { h.Zone = "+00:00" },
		)
		require.EqualValues(t, 2, h.Future)
		require.Less(t, h.Hi, h.Now)
	})
}

func TestChooseUpperBoundNeedsThePrivilegeOrAFixedLag(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(
			t,
			admin,
			dbtest.Stamped,
			"CREATE USER "+schema+"@'%' IDENTIFIED BY 'pw'",
			"GRANT SELECT ON "+schema+".* TO "+schema+"@'%'",
		)
		t.Cleanup(func() { _, _ = admin.ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+schema+"@'%'") })
		db, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		tbl := dbtest.Introspect(t, db, schema, "t")
		_, err = source.New(db).
			ChooseUpperBound(t.Context(), source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("ts").Column})
		require.ErrorIs(t, err, source.ErrNeedsProcess)
		h := dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) { h.FixedLag = time.Minute })
		require.Equal(t, time.Minute+time.Microsecond, dbtest.Parse(t, h.Now).Sub(dbtest.Parse(t, h.Hi)))

		dbtest.Exec(t, admin, "GRANT PROCESS ON *.* TO "+schema+"@'%'")
		again, err := mysqldb.Open(t.Context(), schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "src"})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, again.Close()) })
		require.NotEmpty(t, dbtest.Choose(t, again, tbl, "ts").Hi) // without a privilege on the performance schema
	})
}
