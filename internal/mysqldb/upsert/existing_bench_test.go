package upsert_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// BenchmarkExistingFromServer writes 80,000 rows of some 150 bytes, in chunks of 10,000, over those of a table of
// 320,000: in three shapes, changed and unchanged. cpu-µs/row is the processor time of the server.
func BenchmarkExistingFromServer(b *testing.B) {
	const all, n, chunk = 320_000, 80_000, 10_000
	for _, s := range []*servers.Server{servers.MySQL(b), servers.MariaDB(b)} {
		name := s.Schema(b)
		raw := dbtest.Lenient(b, s, name)
		dbtest.Exec(b, raw, "CREATE TABLE t (id BIGINT PRIMARY KEY, customer INT NOT NULL, status VARCHAR(20), "+
			"total DECIMAL(10,2), note VARCHAR(120), updated_at DATETIME(6) NOT NULL, KEY (updated_at))")
		dbtest.Fill(b, raw, "t", all, "n, n % 1000, 'shipped', n / 100, REPEAT('x', 80), "+
			"'2026-01-01' + INTERVAL n SECOND")
		dbtest.Exec(b, raw, "ANALYZE TABLE t")
		db := dbtest.Open(b, s, mysqldb.Options{Role: mysqldb.Target, Name: "target"})
		target := dbtest.Introspect(b, db, name, "t")
		ticks := serverTicks(b, s)
		day := 1
		for shape, key := range map[string]func(i int) int{
			"scattered": func(i int) int { return i * 4 },
			"runs":      func(i int) int { return i%80 + i/80*320 },
			"adjacent":  func(i int) int { return all - n + i },
		} {
			for _, changed := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/changed=%t", s.Flavor, shape, changed), func(b *testing.B) {
					spec := upsert.Spec{Target: target, Columns: table.Carried(target.Values()), Cursor: "updated_at"}
					var used, done int64
					for b.Loop() {
						b.StopTimer()
						if changed {
							day++
						}
						chunks := chunksOf(n, chunk, func(i int) []string {
							id := key(i) + 1
							return []string{
								strconv.Itoa(id), strconv.Itoa(id % 1000), "shipped",
								fmt.Sprintf("%d.%02d", id/100, id%100), strings.Repeat("x", 80), moment(day, id),
							}
						})
						if !changed {
							writeChunks(b, db, spec, chunks) // as they are to be
						}
						before := ticks()
						b.StartTimer()
						writeChunks(b, db, spec, chunks)
						used += ticks() - before
						done += n
					}
					b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "rows/s")
					b.ReportMetric(float64(used)*10_000/float64(done), "cpu-µs/row")
				})
			}
		}
	}
}

// moment is later for each day, and another one for each id.
func moment(day, id int) string {
	return fmt.Sprintf("2027-%02d-%02d %02d:%02d:%02d.000000", day/28+1, day%28+1, id/3600%24, id/60%60, id%60)
}

func chunksOf(n, chunk int, row func(i int) []string) (out []*table.Rows) {
	for i := range n {
		if i%chunk == 0 {
			out = append(out, table.NewRows(len(row(i))))
		}
		for _, v := range row(i) {
			out[len(out)-1].Append([]byte(v))
		}
	}
	return out
}

func writeChunks(b *testing.B, db *mysqldb.DB, spec upsert.Spec, chunks []*table.Rows) {
	b.Helper()
	for _, rows := range chunks {
		if _, err := upsert.WriteChunk(b.Context(), db, spec, rows, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// serverTicks is the processor time that a server has used, in hundredths of a second; 0 where it is no process here.
func serverTicks(b *testing.B, s *servers.Server) func() int64 {
	b.Helper()
	pid := dbtest.Texts(b, s.DB(b, ""), "SELECT @@pid_file")[0]
	if !filepath.IsAbs(pid) {
		pid = filepath.Join(dbtest.Texts(b, s.DB(b, ""), "SELECT @@datadir")[0], pid)
	}
	text, err := os.ReadFile(pid)
	if err != nil {
		return func() int64 { return 0 }
	}
	return func() (sum int64) {
		stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(text)), "stat"))
		require.NoError(b, err)
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, f := range fields[11:13] { // utime, stime
			n, err := strconv.ParseInt(f, 10, 64)
			require.NoError(b, err)
			sum += n
		}
		return sum
	}
}
