package source_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// epochs are a table of an integer cursor that an application fills, with and without an index.
func epochs(
	t *testing.T,
	s *servers.Server,
	f func(t *testing.T, insert func(values ...any),
		look func(change ...func(*source.UpperBoundSpec)) source.UpperBound),
) {
	t.Helper()
	for _, index := range []string{", KEY (m)", ""} {
		t.Run("index"+index, func(t *testing.T) {
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			dbtest.Exec(t, admin, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, m BIGINT NOT NULL"+index+")")
			db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
			tbl := dbtest.Introspect(t, db, schema, "t")
			f(t, func(values ...any) {
				for _, v := range values {
					dbtest.Exec(t, admin, fmt.Sprintf("INSERT INTO t (m) VALUES (%v)", v))
				}
			}, func(change ...func(*source.UpperBoundSpec)) source.UpperBound {
				return dbtest.Choose(t, db, tbl, "m", change...)
			})
		})
	}
}

func above(watermark string) func(*source.UpperBoundSpec) {
	return func(h *source.UpperBoundSpec) { h.Incremental, h.Watermark = true, watermark }
}

// Microseconds among seconds would become a watermark that no later row is above.
func TestAnAbsurdIntegerIsWarnedOfAndNotAdopted(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		epochs(
			t,
			s,
			func(t *testing.T, insert func(...any), look func(...func(*source.UpperBoundSpec)) source.UpperBound) {
				insert(1700000000, 1700000005, 1700000010)
				h := look()
				require.Equal(t, "1700000010", h.Hi)
				require.Equal(t, time.Second, h.Unit)
				require.Empty(t, h.Warnings)

				insert(1700000011000000, 1700000012)
				h = look(above("1700000010"))
				require.Equal(t, "1700000012", h.Hi)
				require.NotEmpty(t, h.Ceiling)
				require.Len(t, h.Warnings, 1)
				require.Contains(
					t,
					h.Warnings[0],
					"far above all others (the largest 1700000011000000, against the watermark 1700000010)",
				)
				require.Nil(t, h.Ahead)
			},
		)
	})
}

// One that has become the watermark, by an earlier version or by hand, is ahead of all that comes.
func TestAnAbsurdIntegerThatIsTheWatermarkIsAhead(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		epochs(
			t,
			s,
			func(t *testing.T, insert func(...any), look func(...func(*source.UpperBoundSpec)) source.UpperBound) {
				insert(1700000000, 1700000005, 1700000011000000)
				if t.Name()[len(t.Name())-1] == 'x' {
					require.Nil(
						t,
						look(above("1700000011000000")).Ahead,
						"without an index nothing but the maximum is known",
					)
					return
				}
				require.Equal(t, "1700000005", look(above("1700000011000000")).Ahead.Latest)
			},
		)
	})
}

// A new unit is followed once rows enough have it.
func TestALeapOfManyRowsIsFollowed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY, m BIGINT NOT NULL, KEY (m))")
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		dbtest.Fill(t, admin, "t", 100, "n, 1700000000 + n")
		dbtest.Exec(t, admin, "UPDATE t SET m = m * 1000 WHERE id < 9")
		require.Equal(t, "1700000099", dbtest.Choose(t, db, tbl, "m", above("1700000050")).Hi)
		dbtest.Exec(t, admin, "UPDATE t SET m = m * 1000 WHERE id BETWEEN 9 AND 20")
		h := dbtest.Choose(t, db, tbl, "m", above("1700000099"))
		require.Equal(t, "1700000020000", h.Hi)
		require.Empty(t, h.Ceiling)
		require.Contains(t, h.Warnings[0], "leap from about the watermark 1700000099 to 1700000020000")
	})
}

// With a unit given, a row of the future holds nothing up, and a watermark of the future is ahead.
func TestAnIntegerCursorWithAUnitHasAClock(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		epochs(
			t,
			s,
			func(t *testing.T, insert func(...any), look func(...func(*source.UpperBoundSpec)) source.UpperBound) {
				millis := func(h *source.UpperBoundSpec) { h.Unit = source.UnitMillis }
				now := time.Now().UnixMilli()
				insert(now-5000, now+3_600_000)
				h := look(millis)
				require.Equal(t, fmt.Sprint(now-5000), h.Hi)
				require.EqualValues(t, 1, h.Future)
				require.Equal(t, time.Millisecond, h.Unit)
				require.Nil(t, look(millis, above(fmt.Sprint(now-1000))).Ahead, "the newest row was deleted")
				ahead := look(millis, above(fmt.Sprint(now+3_600_000))).Ahead
				require.InDelta(t, time.Hour, ahead.By, float64(time.Minute))
				plain := look(func(h *source.UpperBoundSpec) { h.Unit = source.UnitNone }, above("1"))
				require.Equal(t, fmt.Sprint(now+3_600_000), plain.Hi, "a watermark that was set low is no measure")
			},
		)
	})
}

func TestSubtractStepsOfAnIntegerCursor(t *testing.T) {
	signed, unsigned := table.Column{Kind: table.KindInt, Bits: 64}, table.Column{Kind: table.KindUint, Bits: 32}
	for _, c := range []struct {
		cursor table.Column
		lo     string
		steps  int64
		want   string
	}{
		{signed, "1700000010", 3600, "1699996410"},
		{signed, "5", 10, "-5"},
		{signed, "-9223372036854775808", 1, ""},
		{unsigned, "5", 5, "0"},
		{unsigned, "5", 6, ""},
		{unsigned, "5", 0, "5"},
	} {
		got, err := source.SubtractSteps(c.cursor, c.lo, c.steps)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
}
