package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

func TestParseCursorGivesTheServersText(t *testing.T) {
	ts := table.Column{Name: "u", Type: "timestamp(3)", Kind: table.KindTimestamp, Precision: 3}
	dt := table.Column{Name: "u", Type: "datetime", Kind: table.KindDateTime}
	date := table.Column{Name: "d", Type: "date", Kind: table.KindDate}
	tiny := table.Column{Name: "i", Type: "tinyint", Kind: table.KindInt, Bits: 8}
	big := table.Column{Name: "i", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64}
	for _, c := range []struct {
		col        table.Column
		text, want string
	}{
		{ts, "2024-01-31", "2024-01-31 00:00:00.000"},
		{ts, "2024-01-31 10:00:00.5", "2024-01-31 10:00:00.500"},
		{ts, "2024-01-31T10:00:00Z", "2024-01-31 10:00:00.000"},
		{ts, "2024-01-31T10:00:00.125+02:00", "2024-01-31 08:00:00.125"},
		{ts, "2024-01-31 10:00:00.1234", ""},
		{dt, "2024-01-31 10:00:00", "2024-01-31 10:00:00"},
		{dt, "2024-01-31 10:00:00.000", "2024-01-31 10:00:00"},
		{dt, "2024-01-31 10:00:00.5", ""},
		{dt, "2024-01-31T10:00:00Z", ""},
		{dt, "2024-02-30", ""},
		{dt, "yesterday", ""},
		{date, "2024-01-31", "2024-01-31"},
		{date, "2024-01-31 10:00:00", ""},
		{tiny, "-128", "-128"},
		{tiny, "128", ""},
		{tiny, "1.5", ""},
		{big, "18446744073709551615", "18446744073709551615"},
		{big, "18446744073709551616", ""},
		{big, "-1", ""},
		{table.Column{Name: "s", Type: "varchar(3)", Kind: table.KindString}, "x", ""},
	} {
		got, err := source.ParseCursor(c.col, c.text)
		if c.want == "" {
			require.ErrorIs(t, err, source.ErrBadCursor, "%s %q", c.col.Type, c.text)
			continue
		}
		require.NoError(t, err, "%s %q", c.col.Type, c.text)
		require.Equal(t, c.want, got)
	}
}
