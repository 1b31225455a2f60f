package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

func TestConvertCursor(t *testing.T) {
	datetime := func(digits int, typ string) table.Column {
		return table.Column{Name: "c", Type: typ, Kind: table.KindDateTime, Precision: digits}
	}
	timestamp := func(digits int, typ string) table.Column {
		return table.Column{Name: "c", Type: typ, Kind: table.KindTimestamp, Precision: digits}
	}
	for _, tc := range []struct {
		was  string
		now  table.Column
		text string
		want string // empty: refused
	}{
		{"datetime", datetime(6, "datetime(6)"), "2024-01-01 10:00:00", "2024-01-01 10:00:00.000000"},
		{"datetime(3)", datetime(6, "datetime(6)"), "2024-01-01 10:00:00.123", "2024-01-01 10:00:00.123000"},
		// .123450 rounds down to .123, so rows above the watermark may have come to lie at .123 itself.
		{"datetime(6)", datetime(3, "datetime(3)"), "2024-01-01 10:00:00.123400", "2024-01-01 10:00:00.122"},
		{"timestamp(6)", timestamp(0, "timestamp"), "2024-01-01 00:00:00.500000", "2023-12-31 23:59:59"},
		{"timestamp", timestamp(2, "timestamp(2)"), "2024-01-01 00:00:00", "2024-01-01 00:00:00.00"},
		{"date", datetime(0, "datetime"), "2024-03-01", "2024-03-01 00:00:00"},
		{"date", datetime(3, "datetime(3)"), "2024-03-01", "2024-03-01 00:00:00.000"},
		{"datetime(3)", table.Column{Type: "date", Kind: table.KindDate}, "2024-03-01 12:00:00.000", "2024-02-29"},
		{"int(11)", table.Column{Type: "bigint(20)", Kind: table.KindInt, Bits: 64}, "42", "42"},
		{"int", table.Column{Type: "bigint unsigned", Kind: table.KindUint, Bits: 64}, "42", "42"},
		{"bigint", table.Column{Type: "int", Kind: table.KindInt, Bits: 32}, "3000000000", ""},
		{"datetime(6)", timestamp(6, "timestamp(6)"), "2024-01-01 10:00:00.000000", ""},
		{"timestamp", datetime(0, "datetime"), "2024-01-01 10:00:00", ""},
		{"date", timestamp(0, "timestamp"), "2024-01-01", ""},
		{"bigint", datetime(0, "datetime"), "1700000000", ""},
		{"datetime", table.Column{Type: "bigint", Kind: table.KindInt, Bits: 64}, "2024-01-01 10:00:00", ""},
		{"datetime", datetime(3, "datetime(3)"), "0000-00-00 00:00:00", ""},
	} {
		got, err := source.ConvertCursor(tc.was, tc.now, tc.text)
		if tc.want == "" {
			require.ErrorIs(t, err, source.ErrCursorChanged, "%s to %s", tc.was, tc.now.Type)
			continue
		}
		require.NoError(t, err, "%s to %s", tc.was, tc.now.Type)
		require.Equal(t, tc.want, got, "%s to %s", tc.was, tc.now.Type)
	}
}
