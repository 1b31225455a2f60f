package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// BenchmarkReadPagesFromServer reads pages of real servers. `make bench-micro` leaves it out, as
// everything that ends in FromServer: what it measures is the server as much as the program.
func BenchmarkReadPagesFromServer(b *testing.B) {
	const n = 100_000
	for _, s := range []*servers.Server{servers.MySQL(b), servers.MariaDB(b)} {
		b.Run(string(s.Flavor), func(b *testing.B) {
			schema := s.Schema(b)
			admin := dbtest.Lenient(b, s, schema)
			db := dbtest.Open(b, s, mysqldb.Options{Name: "src"})
			dbtest.Exec(
				b,
				admin,
				"CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, customer VARCHAR(60), amount DECIMAL(12,2),"+
					" note VARCHAR(200), updated_at TIMESTAMP(6) NOT NULL)",
			)
			dbtest.Fill(
				b,
				admin,
				"t",
				n,
				"n, CONCAT('customer ', n), n/100, IF(n%7, CONCAT(REPEAT('x', n%40), ', ring twice — größte"+
					" Sorgfalt'), NULL), '2026-01-01' + INTERVAL n MICROSECOND",
			)
			spec := scan.ReadSpec{
				Table:  dbtest.Introspect(b, db, schema, "t"),
				ByKey:  true,
				Limits: scan.PageLimits{Rows: 10_000},
			}
			spec.Columns = spec.Table.Values()
			done := 0
			for b.Loop() {
				stats, err := scan.ReadPages(b.Context(), db, spec, func(*table.Rows) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
				done += int(stats.Rows)
			}
			require.Equal(b, n*b.N, done)
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
