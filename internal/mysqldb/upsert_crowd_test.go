package mysqldb_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// Whether others use a server is seen by its counter of statements, which anybody may read.
func TestOthersOnAServerAreSeen(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		private := servers.Private(t, s.Flavor)
		w := newWriting(t, private, "(id INT PRIMARY KEY, v VARCHAR(10))")
		others := func(busy bool) bool {
			deadline := time.Now().Add(1500 * time.Millisecond)
			seen := false
			for time.Now().Before(deadline) {
				if busy {
					for range 20 {
						w.exec("DO 1")
					}
				}
				w.wrote(0, 0, 1, row(1, "x"))
				seen = mysqldb.OthersPresent(t.Context(), w.db, 6)
			}
			return seen
		}
		w.wrote(1, 0, 0, row(1, "x"))
		require.False(t, others(false))
		require.True(t, others(true))
		require.False(t, others(false))
	})
}
