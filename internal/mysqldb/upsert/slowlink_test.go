package upsert_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// link is a connection between two places.
type link struct {
	name      string
	delay     time.Duration
	bandwidth int
}

// copyOver writes rows of 200 bytes in chunks of at most so many rows, as the workflow does: it cuts a
// chunk into eight at most. It returns how long that took.
func copyOver(
	t testing.TB, s *servers.Server, l link, rows, most int,
) (took time.Duration, longest float64, sizer *upsert.ChunkSizer, limiter *upsert.Limiter) {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	p.Delay(l.delay)
	p.Bandwidth(l.bandwidth)
	schemaName := s.Schema(t)
	dbtest.Exec(t, s.DB(t, schemaName), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(250))")
	db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Role: mysqldb.Target, Name: "target"})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	target, err := schema.Read(t.Context(), db, table.Name{Schema: schemaName, Table: "t"})
	require.NoError(t, err)
	sizer, limiter = &upsert.ChunkSizer{}, &upsert.Limiter{}
	spec := upsert.Spec{
		Target: target, Columns: table.Carried(target.Values()), MaxTransaction: time.Second, MinRows: most / 8,
		Sizer: sizer, Limiter: limiter, MaxInFlight: 8,
	}
	var mu sync.Mutex
	next := 0
	cut := func() (from, n int) {
		mu.Lock()
		defer mu.Unlock()
		n = min(most-next%most, rows-next)
		if limit := sizer.Rows(); limit > 0 {
			n = min(n, max(limit, most/8))
		}
		from, next = next, next+n
		return from, n
	}
	text := strings.Repeat("x", 200)
	var group sync.WaitGroup
	begun := time.Now()
	for range 8 {
		group.Go(func() {
			for {
				from, n := cut()
				if n == 0 {
					return
				}
				chunk := table.NewRows(2)
				for i := range n {
					chunk.Append(fmt.Append(nil, from+i))
					chunk.Append([]byte(text))
				}
				res, err := upsert.WriteChunk(t.Context(), db, spec, chunk, nil)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				longest = max(longest, res.Seconds)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return time.Since(begun), longest, sizer, limiter
}

// On a slow line a transaction is long, even alone. Its rows become fewer, and the number of chunks at
// the same time follows the rows per second.
func TestASlowLineIsNotHeldAtOneChunkAtATime(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, l := range []link{{"2 MB/s", 0, 2_000_000}, {"10 ms", 10 * time.Millisecond, 0}} {
			took, longest, sizer, limiter := copyOver(t, s, l, 40_000, 5000)
			t.Logf("%s: %s, the longest transaction %.2f s", l.name, took, longest)
			if l.bandwidth > 0 { // a long way is made good by larger statements
				require.NotZero(t, sizer.Rows(), l.name)
			}
			require.Greater(t, limiter.Limit(), 1, l.name)
		}
	})
}

func BenchmarkLinesFromServer(b *testing.B) {
	for _, s := range []*servers.Server{servers.MySQL(b), servers.MariaDB(b)} {
		for _, l := range []link{
			{"plain", 0, 0},
			{"2 MB/s", 0, 2_000_000},
			{"10 ms", 10 * time.Millisecond, 0},
			{"50 ms", 50 * time.Millisecond, 0},
		} {
			b.Run(fmt.Sprintf("%s/%s", s.Flavor, l.name), func(b *testing.B) {
				for b.Loop() {
					copyOver(b, s, l, 40_000, 5000)
				}
			})
		}
	}
}
