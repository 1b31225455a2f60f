package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const spelledLake = "CREATE TABLE t (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, " +
	"v VARCHAR(20), updated_at DATETIME(6) NOT NULL)"

func spelled(key, v string, second int) string {
	return fmt.Sprintf("%s,%s,2024-05-01 00:00:%02d.000000", key, v, second)
}

// Two spellings that the target takes for one key are one row: the newest of all is what the target has to hold, and
// no other spelling is missing there. A newer one than the target's is.
func TestTwoSpellingsInFilesAreOneRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for cursor, older := range map[string]verify.Verdict{"": verify.Silent, "updated_at": verify.Stale} {
			t.Run("cursor "+cursor, func(t *testing.T) {
				l := newLake(t, s, spelledLake)
				l.settings.Cursor = cursor
				l.put("1.csv", 4*time.Hour, header, spelled("aa", "1", 1), spelled("b", "1", 1), spelled("B ", "2", 2))
				l.put("2.csv", 3*time.Hour, header, spelled("AA", "2", 2), spelled("c", "1", 1))
				l.put("3.csv", 2*time.Hour, header, spelled("aa", "3", 3), spelled("AA", "4", 4), spelled("C", "2", 2))
				l.run()
				l.holds("SELECT CONCAT_WS('|', id, v) FROM t ORDER BY id", "AA|4", "B |2", "C|2")
				got, _ := l.verify()
				require.Empty(t, differing(got.verdicts))

				l.AtTarget("UPDATE t SET id = 'aA', v = '1', updated_at = '2024-05-01 00:00:01' WHERE id = 'aa'",
					"UPDATE t SET id = 'c', v = '1', updated_at = '2024-05-01 00:00:01' WHERE id = 'c'")
				got, _ = l.verify()
				require.Equal(t, map[verify.Verdict]int64{older: 3}, differing(got.verdicts), "aa, AA and C")
			})
		}
	})
}

// A number has one spelling, however its files write it.
func TestNumbersOfKeysHaveOneSpelling(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "CREATE TABLE t (id DECIMAL(10,2) PRIMARY KEY, v VARCHAR(20))")
		l.settings.Cursor = ""
		l.put("1.jsonl", 3*time.Hour, `{"id":"1.0","v":"a"}`, `{"id":2,"v":"a"}`, `{"id":"1.00","v":"b"}`)
		l.put("2.jsonl", 2*time.Hour, `{"id":"01","v":"c"}`, `{"id":2.00,"v":"d"}`, `{"id":"3e0","v":"e"}`)
		l.run()
		l.holds("SELECT CONCAT_WS('|', id, v) FROM t ORDER BY id", "1.00|c", "2.00|d", "3.00|e")
		got, _ := l.verify()
		require.Empty(t, differing(got.verdicts))
		l.AtTarget("DELETE FROM t WHERE id = 3")
		got, _ = l.verify()
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1}, differing(got.verdicts))
	})
}
