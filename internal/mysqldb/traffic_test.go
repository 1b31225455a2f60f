package mysqldb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Whether others use a server is seen by its counter of statements, which anybody may read.
func TestOthersOnAServerAreSeen(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		private := servers.Private(t, s.Flavor)
		w := dbtest.NewWriting(t, private, "(id INT PRIMARY KEY, v VARCHAR(10))")
		shows := func(busy bool) {
			require.Eventually(t, func() bool {
				if busy {
					for range 20 {
						w.Exec("DO 1")
					}
				}
				w.Wrote(0, 0, 1, dbtest.Row(1, "x"))
				return mysqldb.OthersPresent(t.Context(), w.Db) == busy
			}, dbtest.Soon, time.Millisecond, "busy: %t", busy)
		}
		w.Wrote(1, 0, 0, dbtest.Row(1, "x"))
		shows(false)
		shows(true)
		shows(false)
	})
}

// Where others use the source, its pages are read one at a time, by any reader.
func TestPagesTakeTurnsWhereOthersAre(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		private := servers.Private(t, s.Flavor)
		w := dbtest.NewWriting(t, private, "(id INT PRIMARY KEY)")
		for first := 0; first < 100; first += 10 {
			var values []string
			for id := range 10 {
				values = append(values, fmt.Sprintf("(%d)", first+id))
			}
			w.Exec("INSERT INTO t VALUES " + strings.Join(values, ","))
		}
		spec := scan.ReadSpec{
			Table: w.Spec.Target, Columns: w.Spec.Columns, ByKey: true,
			Limits: scan.PageLimits{Rows: 10, MaxRows: 10},
		}
		read := func() chan int {
			done := make(chan int, 1)
			go func() {
				rows := 0
				_, err := scan.ReadPages(t.Context(), w.Db, spec,
					func(page *table.Rows) error { rows += page.Len(); return nil })
				assert.NoError(t, err)
				done <- rows
			}()
			return done
		}
		require.Equal(t, 100, <-read())
		back := mysqldb.TakeTurn(w.Db)
		require.Equal(t, 100, <-read(), "no other client is there")
		require.Eventually(t, func() bool {
			for range 20 {
				w.Exec("DO 1")
			}
			return mysqldb.OthersPresent(t.Context(), w.Db)
		}, dbtest.Soon, time.Millisecond)
		done := read()
		select {
		case <-done:
			require.Fail(t, "it took no turn")
		case <-time.After(200 * time.Millisecond):
		}
		back()
		require.Equal(t, 100, <-done)
	})
}
