package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What lies above a window's end is counted with the look that chooses it, and not beyond a limit.
func TestChooseUpperBoundCountsWhatLiesAbove(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, dbtest.Stamped, "ALTER TABLE t ADD plain DATETIME(6)")
		dbtest.Fill(t, admin, "t", 50,
			"n + 1, NOW(6) - INTERVAL 1 DAY, NOW() - INTERVAL 1 DAY, CURRENT_DATE - INTERVAL 9 DAY, NULL")
		dbtest.Fill(t, admin, "t", 30,
			"n + 101, NOW(6) - INTERVAL 10 SECOND, NOW() - INTERVAL 10 SECOND, CURRENT_DATE, NULL")
		dbtest.Exec(t, admin,
			"INSERT INTO t (id, ts, dt) VALUES (999, NOW(6) + INTERVAL 1 DAY, NOW() + INTERVAL 1 DAY)")
		tbl := dbtest.Introspect(t, db, schema, "t")
		held := func(limit int64) func(*source.UpperBoundSpec) {
			return func(spec *source.UpperBoundSpec) {
				spec.FixedLag, spec.Zone, spec.TailRows = time.Minute, "+00:00", limit
			}
		}
		for _, cursor := range []string{"ts", "dt", "d"} {
			h := dbtest.Choose(t, db, tbl, cursor, held(100))
			require.EqualValues(t, 30, h.Tail, cursor)
			h = dbtest.Choose(t, db, tbl, cursor, held(20))
			require.EqualValues(t, 21, h.Tail, cursor)
			h = dbtest.Choose(t, db, tbl, cursor, held(0))
			require.Zero(t, h.Tail, cursor)
			last := dbtest.Texts(t, admin, "SELECT MAX("+cursor+") FROM t WHERE id < 999")[0]
			h = dbtest.Choose(t, db, tbl, cursor, held(100), func(s *source.UpperBoundSpec) { s.Watermark = last })
			require.Zero(t, h.Tail, "%s: what the watermark has passed is not above", cursor)
			require.Len(t, h.Clock, len(last), cursor)
			require.LessOrEqual(t, last, h.Clock, cursor)
			require.LessOrEqual(t, h.Clock, h.Now, cursor)
		}
		h := dbtest.Choose(t, db, tbl, "plain", held(100))
		require.EqualValues(t, source.TailUnknown, h.Tail)
		require.Equal(t, time.Duration(0), h.ZoneOffset)
		h = dbtest.Choose(t, db, tbl, "dt", held(100), func(spec *source.UpperBoundSpec) { spec.Zone = "-03:30" })
		require.Equal(t, -(3*time.Hour + 30*time.Minute), h.ZoneOffset)

		h = dbtest.Choose(t, db, tbl, "id", held(100))
		require.Empty(t, h.Hi, "nothing is known to have settled")
		require.Equal(t, "999", h.Clock)
		require.Zero(t, h.Tail, "there is no end to lie above")
		h = dbtest.Choose(t, db, tbl, "id", held(100), func(spec *source.UpperBoundSpec) {
			spec.Watermark, spec.Samples = "120", []source.CursorSample{
				{Column: "id", At: "2024-01-01T00:00:00Z", Max: "110"},
			}
		})
		require.Equal(t, "110", h.Hi)
		require.EqualValues(t, 11, h.Tail, "121 to 130, and 999")
	})
}

// A window that is held back for ever still knows what lies above the watermark.
func TestChooseUpperBoundCountsAboveTheWatermarkWhereThereIsNoEnd(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		dbtest.Exec(t, admin, dbtest.Stamped)
		tbl := dbtest.Introspect(t, db, schema, "t")
		dbtest.Exec(t, admin, "INSERT INTO t () VALUES ()")
		h := dbtest.Choose(t, db, tbl, "id", func(spec *source.UpperBoundSpec) {
			spec.FixedLag, spec.TailRows, spec.Watermark = time.Hour, 10, "0"
		})
		require.Empty(t, h.Hi)
		require.EqualValues(t, 1, h.Tail)
	})
}
