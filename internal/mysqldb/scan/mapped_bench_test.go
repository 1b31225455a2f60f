package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// BenchmarkMapped reads a table whole by key, as it is and with one rule of a mapping each: rows/s of what is read.
func BenchmarkMapped(b *testing.B) {
	const rows = 200_000
	s := servers.MySQL(b)
	name := s.Schema(b)
	raw := dbtest.Lenient(b, s, name)
	dbtest.Exec(b, raw, "CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(60), phone VARCHAR(30), born DATE, "+
		"pay DECIMAL(10,2), tenant INT NOT NULL, note VARCHAR(100))")
	dbtest.Fill(b, raw, "t", rows, "n, CONCAT('mail', n, '@example.com'), CONCAT('+4930', 1000000 + n), "+
		"'1970-01-01' + INTERVAL n % 20000 DAY, n / 100, n % 2, REPEAT('x', 60)")
	dbtest.Exec(b, raw, "ANALYZE TABLE t")
	db := dbtest.Open(b, s, mysqldb.Options{Role: mysqldb.Source, Name: "source"})
	source := dbtest.Introspect(b, db, name, "t")
	key := mask.NewKey("0123456789abcdef")
	pair := func(column, value string) []mapping.Pair { return []mapping.Pair{{Column: column, Value: value}} }
	for _, c := range []struct {
		name string
		m    mapping.Settings
	}{
		{"as it is", mapping.Settings{}},
		{"rename", mapping.Settings{Rename: pair("mail", "email")}},
		{"exclude", mapping.Settings{Exclude: []string{"note"}}},
		{"where all", mapping.Settings{Where: "tenant >= 0"}},
		{"where half", mapping.Settings{Where: "tenant = 1"}},
		{"add", mapping.Settings{
			Add:   pair("origin", "'eu'"),
			Added: []mapping.Added{{Column: table.Column{Name: "origin", Type: "varchar(64)", Kind: table.KindString}}},
		}},
		{"mask last4", mapping.Settings{Mask: pair("phone", "last4")}},
		{"mask year", mapping.Settings{Mask: pair("born", "year")}},
		{"mask round1000", mapping.Settings{Mask: pair("pay", "round1000")}},
		{"mask hmac", mapping.Settings{Mask: pair("mail", "hmac"), KeyFingerprint: key.Fingerprint()}},
		{"mask dateShift", mapping.Settings{Mask: pair("born", "dateShift"), KeyFingerprint: key.Fingerprint()}},
	} {
		b.Run(c.name, func(b *testing.B) {
			mapped, found := c.m.Apply(source, "")
			require.False(b, found.Refused(), "%v", found)
			mapped.MaskKey = key
			var read int64
			for b.Loop() {
				stats, err := scan.ReadPages(b.Context(), db, scan.ReadSpec{
					Table: mapped, Columns: mapped.Values(), ByKey: true,
					Limits: scan.PageLimits{Rows: 10_000, MaxBytes: 4 << 20},
				}, func(*table.Rows) error { return nil })
				require.NoError(b, err)
				read += stats.Rows
			}
			require.Positive(b, read)
			b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
