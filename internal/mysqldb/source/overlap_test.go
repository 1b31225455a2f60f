package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestCompareCursorOrdersLikeTheServer(t *testing.T) {
	integer := table.Column{Name: "id", Kind: table.KindInt, Bits: 64}
	unsigned := table.Column{Name: "id", Kind: table.KindUint, Bits: 64}
	micros := table.Column{Name: "u", Kind: table.KindTimestamp, Precision: 6}
	day := table.Column{Name: "d", Kind: table.KindDate}
	for _, c := range []struct {
		cursor table.Column
		a, b   string
		want   int
	}{
		{integer, "9", "10", -1},
		{integer, "-9223372036854775808", "9223372036854775807", -1},
		{integer, "7", "7", 0},
		{unsigned, "18446744073709551615", "9223372036854775808", 1},
		{micros, "2024-01-01 00:00:00.000001", "2024-01-01 00:00:00.000000", 1},
		{day, "2023-12-31", "2024-01-01", -1},
	} {
		got, err := table.CompareCursor(c.cursor, c.a, c.b)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s %s", c.a, c.b)
	}
	for _, c := range []struct {
		cursor table.Column
		text   string
	}{
		{integer, "9223372036854775808"},
		{integer, "01"},
		{integer, ""},
		{unsigned, "-1"},
		{integer, "1; DROP TABLE x"},
		{micros, "2024-01-01 00:00:00"},
		{micros, "2024-01-01T00:00:00.000000"},
		{day, "2024-01-01 00:00:00"},
		{table.Column{Name: "v", Kind: table.KindString}, "x"},
	} {
		_, err := table.CompareCursor(c.cursor, c.text, c.text)
		require.Error(t, err, c.text)
	}
}

func TestSubtractOverlapRoundsDownAndKeepsTheForm(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.Open(t, s, mysqldb.Options{})
		for _, c := range []struct {
			kind      table.Kind
			precision int
			lo        string
			overlap   time.Duration
			want      string
		}{
			{table.KindTimestamp, 6, "2024-03-01 00:00:00.000000", time.Minute, "2024-02-29 23:59:00.000000"},
			{table.KindTimestamp, 0, "2024-03-01 00:00:00", 1500 * time.Millisecond, "2024-02-29 23:59:58"},
			{table.KindDateTime, 3, "2024-03-01 00:00:00.100", time.Nanosecond, "2024-03-01 00:00:00.099"},
			{table.KindDate, 0, "2024-03-01", time.Hour, "2024-02-29"},
			{table.KindDateTime, 0, "2024-03-01 00:00:00", 0, "2024-03-01 00:00:00"},
			{table.KindDateTime, 0, "", time.Hour, ""},
			{table.KindDateTime, 0, "0001-01-01 00:00:00", 200 * 24 * 366 * time.Hour, ""},
		} {
			got, err := source.New(db).
				SubtractOverlap(t.Context(), table.Column{Name: "u", Kind: c.kind, Precision: c.precision}, c.lo,
					c.overlap)
			require.NoError(t, err)
			require.Equal(t, c.want, got, c.lo)
		}
		got, err := source.New(db).
			SubtractOverlap(t.Context(), table.Column{Name: "id", Kind: table.KindInt, Bits: 32}, "5", time.Hour)
		require.NoError(t, err)
		require.Equal(t, "5", got)
		_, err = source.New(db).
			SubtractOverlap(t.Context(), table.Column{Name: "u", Kind: table.KindDateTime}, "2024-01-01' OR 1",
				time.Hour)
		require.Error(t, err)
	})
}
