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

// After the source's clock went back, a window ends below all that rows can have got since. It rises
// again when no transaction can be open that is older than the step.
func TestAWindowIsHeldWhileTheSourcesClockIsBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(
			t,
			s.DB(t, schema),
			dbtest.Stamped,
			"INSERT INTO t () VALUES ()",
			"UPDATE t SET dt = UTC_TIMESTAMP() - INTERVAL 20 SECOND, ts = NOW(6) - INTERVAL 20 SECOND",
		)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		for column, layout := range map[string]string{"ts": "2006-01-02 15:04:05.000000", "dt": time.DateTime} {
			look := func(change func(*source.UpperBoundSpec)) source.UpperBound {
				return dbtest.Choose(t, db, tbl, column, func(h *source.UpperBoundSpec) {
					h.Incremental, h.Zone, h.Overlap, h.TailRows = true, "+00:00", time.Minute, 10
					change(h)
				})
			}
			now := look(func(*source.UpperBoundSpec) {})
			before := dbtest.Parse(t, now.Now).Add(30 * time.Second)
			seen := &source.Seen{Source: before.Format("2006-01-02 15:04:05.000000"), Worker: now.Worker}
			mark := before.Add(-time.Second).Format(layout)
			held := look(func(h *source.UpperBoundSpec) { h.Seen, h.Watermark = seen, mark })
			require.InDelta(t, 30*time.Second, held.StepBack, float64(20*time.Second), column)
			require.LessOrEqual(t, held.Hi, before.Add(-30*time.Second).Format(layout), column)
			require.GreaterOrEqual(t, held.Hi, before.Add(-time.Minute).Format(layout), column)
			require.Equal(t, source.BlockerClock, held.BlockedBy.Kind, column)
			require.GreaterOrEqual(t, held.ClockUntil, before.Format(layout), column)
			require.Zero(t, held.Tail, "the row lies below")

			again := look(func(h *source.UpperBoundSpec) {
				h.Seen, h.Watermark, h.ClockBack, h.ClockUntil = seen, held.Hi, held.StepBack, held.ClockUntil
			})
			require.Equal(t, held.ClockUntil, again.ClockUntil, column)
			require.WithinDuration(t, dbtest.Parse(t, held.Hi), dbtest.Parse(t, again.Hi), 20*time.Second, column)

			right := look(func(h *source.UpperBoundSpec) { // the step was none of the source's
				h.Watermark, h.ClockBack, h.ClockUntil = held.Hi, held.StepBack, held.ClockUntil
				h.Seen = &source.Seen{Source: now.Now, Worker: now.Worker}
			})
			require.NotEmpty(t, right.ClockUntil, column)
			require.Less(t, right.ClockUntil, held.ClockUntil, column)
			over := look(func(h *source.UpperBoundSpec) {
				h.Watermark, h.ClockBack, h.ClockUntil, h.Seen = held.Hi, held.StepBack, dbtest.Parse(t, now.Now).
					Add(-time.Minute).
					Format(layout),
					seen
			})
			require.Empty(t, over.ClockUntil, column)
			require.Greater(t, over.Hi, over.Lowest, column)
			require.NotZero(t, over.StepBack, column)
		}
	})
}
