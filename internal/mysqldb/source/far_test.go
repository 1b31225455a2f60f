package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Where the source is far away, its questions are asked at once, and their answers are the same in the same order.
func TestADistantSourceSaysTheSame(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		near, far := dbtest.Open(t, s, mysqldb.Options{Name: "src"}), dbtest.Far(t, s, mysqldb.Source)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, u DATETIME NOT NULL, v VARCHAR(100), KEY (u))")
		dbtest.Fill(t, admin, "t", 5000, "n, '2024-01-01' + INTERVAL n SECOND, REPEAT('x', 90)")
		dbtest.Exec(t, admin, "ANALYZE TABLE t")
		tbl := dbtest.Introspect(t, near, name, "t")
		require.Equal(t, tbl.Columns, dbtest.Introspect(t, far, name, "t").Columns)
		check := source.CheckSpec{Cursor: "u", FixedLag: time.Second, Zone: "Nowhere/Land"}
		want, err := source.New(near).Check(t.Context(), tbl, check)
		require.NoError(t, err)
		require.NotEmpty(t, want)
		got, err := source.New(far).Check(t.Context(), tbl, check)
		require.NoError(t, err)
		require.Equal(t, want, got)

		h, err := source.New(far).ChooseUpperBound(t.Context(), source.UpperBoundSpec{
			Table: tbl, Cursor: tbl.Column("u").Column, Zone: "+05:00",
		})
		require.NoError(t, err)
		require.Equal(t, 5*time.Hour, h.ZoneOffset)
		require.NotEmpty(t, h.Hi)

		ranges, err := scan.CutRanges(t.Context(), far, tbl, 8, 100)
		require.NoError(t, err)
		require.Len(t, ranges, 8)
		rows := 0
		for i, r := range ranges {
			if i > 0 {
				require.Equal(t, ranges[i-1].Through, r.After)
			}
			all, _ := dbtest.ReadAll(t, near, scan.ReadSpec{Table: tbl, ByKey: true, Keys: &r})
			rows += len(all)
		}
		require.Equal(t, 5000, rows)
	})
}

// A session whose time zone was another one is in UTC again for the one that has it next.
func TestADistantSourcesSessionsStayInUTC(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		dbtest.Exec(t, dbtest.Lenient(t, s, name), "CREATE TABLE t (id INT PRIMARY KEY, u DATETIME NOT NULL, KEY (u))")
		far := dbtest.Far(t, s, mysqldb.Source)
		tbl := dbtest.Introspect(t, far, name, "t")
		_, err := source.New(far).ChooseUpperBound(t.Context(), source.UpperBoundSpec{
			Table: tbl, Cursor: tbl.Column("u").Column, Zone: "+05:00",
		})
		require.NoError(t, err)
		for range 20 {
			var zone string
			require.NoError(t, far.QueryRowContext(t.Context(), "SELECT @@time_zone").Scan(&zone))
			require.Equal(t, "+00:00", zone)
		}
	})
}
