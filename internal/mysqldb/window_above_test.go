package mysqldb_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What lies above a window's end is counted with the look that chooses it, and not beyond a limit.
func TestChooseHiCountsWhatLiesAbove(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		exec(t, admin, stamped, "ALTER TABLE t ADD plain DATETIME(6)")
		fill(t, admin, "t", 50, "n + 1, NOW(6) - INTERVAL 1 DAY, NOW() - INTERVAL 1 DAY, CURRENT_DATE - INTERVAL 9 DAY, NULL")
		fill(t, admin, "t", 30, "n + 101, NOW(6) - INTERVAL 10 SECOND, NOW() - INTERVAL 10 SECOND, CURRENT_DATE, NULL")
		exec(t, admin, "INSERT INTO t (id, ts, dt) VALUES (999, NOW(6) + INTERVAL 1 DAY, NOW() + INTERVAL 1 DAY)")
		tbl := introspect(t, db, schema, "t")
		held := func(limit int64) func(*mysqldb.HiSpec) {
			return func(spec *mysqldb.HiSpec) { spec.FixedLag, spec.Zone, spec.TailRows = time.Minute, "+00:00", limit }
		}
		for _, cursor := range []string{"ts", "dt", "d"} {
			h := choose(t, db, tbl, cursor, held(100))
			require.EqualValues(t, 30, h.Tail, cursor)
			h = choose(t, db, tbl, cursor, held(20))
			require.EqualValues(t, 21, h.Tail, cursor)
			h = choose(t, db, tbl, cursor, held(0))
			require.Zero(t, h.Tail, cursor)
			last := texts(t, admin, "SELECT MAX("+cursor+") FROM t WHERE id < 999")[0]
			h = choose(t, db, tbl, cursor, held(100), func(spec *mysqldb.HiSpec) { spec.Watermark = last })
			require.Zero(t, h.Tail, "%s: what the watermark has passed is not above", cursor)
			require.Len(t, h.Clock, len(last), cursor)
			require.LessOrEqual(t, last, h.Clock, cursor)
			require.LessOrEqual(t, h.Clock, h.Now, cursor)
		}
		h := choose(t, db, tbl, "plain", held(100))
		require.EqualValues(t, mysqldb.TailUnknown, h.Tail)
		require.Equal(t, time.Duration(0), h.ZoneOffset)
		h = choose(t, db, tbl, "dt", held(100), func(spec *mysqldb.HiSpec) { spec.Zone = "-03:30" })
		require.Equal(t, -(3*time.Hour + 30*time.Minute), h.ZoneOffset)

		h = choose(t, db, tbl, "id", held(100))
		require.Empty(t, h.Hi, "nothing is known to have settled")
		require.Equal(t, "999", h.Clock)
		require.Zero(t, h.Tail, "there is no end to lie above")
		h = choose(t, db, tbl, "id", held(100), func(spec *mysqldb.HiSpec) {
			spec.Watermark, spec.Marks = "120", []mysqldb.Mark{{Column: "id", At: "2024-01-01T00:00:00Z", Max: "110"}}
		})
		require.Equal(t, "110", h.Hi)
		require.EqualValues(t, 11, h.Tail, "121 to 130, and 999")
	})
}

// A window that is held back for ever still knows what lies above the watermark.
func TestChooseHiCountsAboveTheWatermarkWhereThereIsNoEnd(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := lenient(t, s, schema)
		db := open(t, s, mysqldb.Options{Name: "src"})
		exec(t, admin, stamped)
		tbl := introspect(t, db, schema, "t")
		exec(t, admin, "INSERT INTO t () VALUES ()")
		h := choose(t, db, tbl, "id", func(spec *mysqldb.HiSpec) {
			spec.FixedLag, spec.TailRows, spec.Watermark = time.Hour, 10, "0"
		})
		require.Empty(t, h.Hi)
		require.EqualValues(t, 1, h.Tail)
	})
}
