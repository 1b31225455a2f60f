package activities_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// newKeyed has columns with keyed masks.
func newKeyed(t *testing.T, s *servers.Server) *bench {
	t.Helper()
	b := emptyBench(t, s, s)
	b.settings.Mapping = &mapping.Settings{
		KeyFingerprint: mask.NewKey(someKey).Fingerprint(),
		Mask:           []mapping.Pair{{Column: "born", Value: mask.DateShift}, {Column: "gone", Value: mask.Null}},
	}
	for _, name := range []string{"amount", "num", "name", "word", "at", "seen"} {
		b.settings.Mapping.Mask = append(b.settings.Mapping.Mask, mapping.Pair{Column: name, Value: mask.HMAC})
	}
	b.deps.MaskKey = func(table.Name) mask.Key { return mask.NewKey(someKey) }
	b.AtSource("CREATE TABLE t (id DECIMAL(8,1) PRIMARY KEY, amount DECIMAL(10,2), num INT, name CHAR(20) "+
		"CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, word ENUM('a','b'), at DATETIME, seen TIMESTAMP(6) NULL, "+
		"born DATE, gone VARCHAR(20), updated_at DATETIME(6) NOT NULL, KEY (updated_at))",
		"INSERT INTO t VALUES (1, 7.50, 42, 'Name', 'b', '2024-01-01 10:00:00', '2024-01-01 10:00:00', '1977-10-23', "+
			"'away', '2024-01-01')")
	b.restart()
	return b
}

// A type of the source by which a keyed mask makes another value of the same one ends a run before it writes. One that
// only takes more values goes on, and the masks give what they gave.
func TestATypeUnderAKeyedMaskIsNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newKeyed(t, s)
		state := b.loadedState(firstDay)
		b.AtTarget("ALTER TABLE t MODIFY id DECIMAL(12,4) NOT NULL")
		const name = "MODIFY name CHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
		b.refusesRemade(state, []remadeCase{
			{"MODIFY amount DECIMAL(12,4)", "MODIFY amount DECIMAL(10,2)", "mask hmac of amount hashes other texts"},
			{"MODIFY at DATETIME(3)", "MODIFY at DATETIME", "the mask hmac of at hashes other texts"},
			{"MODIFY name CHAR(20) CHARACTER SET sjis", name, "the mask hmac of name hashes other texts"},
			{"MODIFY id DECIMAL(12,4)", "MODIFY id DECIMAL(8,1)", "mask dateShift of born moves dates by other days"},
			{"MODIFY name CHAR(10) CHARACTER SET utf8mb4", name, "the column name was char(20)"},
			{"MODIFY seen DATETIME(6)", "MODIFY seen TIMESTAMP(6) NULL", "the column seen was timestamp(6)"},
		})
		masked := func() []string {
			return dbtest.Texts(t, b.Target.DB(t, b.To), "SELECT CONCAT_WS('|', amount, num, name, word, "+
				"at, born) FROM t")
		}
		before := masked()
		b.AtSource("ALTER TABLE t MODIFY amount DECIMAL(14,2), MODIFY num BIGINT, MODIFY name VARCHAR(40) " +
			"CHARACTER SET " +
			"utf8mb4 COLLATE utf8mb4_bin, MODIFY word ENUM('a','b','c'), MODIFY gone VARCHAR(4)")
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
		b.movedAs(activities.PlanRunInput{Run: "again", State: state, Full: true}, -1)
		require.Equal(t, before, masked())

		b.AtSource("ALTER TABLE t MODIFY amount DECIMAL(20,6)")
		require.NoError(t, b.planned(activities.PlanRunInput{State: ofAnOlderWorker(state)}))
		b.movedAs(activities.PlanRunInput{Run: "other", State: state, Full: true}, -1)
		require.NotEqual(t, before, masked(), "another text of one amount")
	})
}

// Rows that are read while the source makes them in another way are not published.
func TestASourceThatMakesOtherValuesBetweenPages(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for change, newBench := range map[string]func(*testing.T, *servers.Server) *bench{
			"MODIFY kept INT AS (a + 2) STORED": newMade, "MODIFY amount DECIMAL(12,4)": newKeyed,
			"MODIFY plain INT AS (a + 5) STORED": newMade,
		} {
			b := newBench(t, s)
			_, in := b.plan()
			store := &alteringStore{
				Store: b.deps.Store, db: dbtest.Lenient(t, s, b.From), statement: "ALTER TABLE t " + change,
			}
			b.deps.Store = store
			b.restart()
			var out activities.ExtractResult
			err := b.step("ExtractIncremental", in, &out)
			require.Empty(t, store.statement, "it was altered")
			requireType(t, err, failure.TableChanged)
			require.Empty(t, b.staged(), change)
			requireType(t, b.step("ExtractIncremental", in, &out), failure.TableChanged)
		}
	})
}

// A plan of an older worker does not know how values are made: it goes on.
func TestAPlanOfAnOlderWorkerGoesOn(t *testing.T) {
	b := newMade(t, servers.MySQL(t))
	_, in := b.plan()
	path := filepath.Join(b.folder, filepath.FromSlash(staging.PlanKey(b.settings.Table, in.Run)))
	plan, err := os.ReadFile(path)
	require.NoError(t, err)
	older := regexp.MustCompile(`,"madeBy":"[^"]+"`).ReplaceAll(plan, nil)
	require.Less(t, len(older), len(plan))
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, older, 0o600))
	in.PlanSum = ""
	b.moveRange(in)
	require.Equal(t, []string{"5 5"}, b.targetTexts("SELECT CONCAT(kept, ' ', shown) FROM t"))
}

// A comparison ends where a compared column is made in another way.
func TestAComparisonOfColumnsThatAreMadeOtherwise(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, a INT, kept INT AS (a + 1) STORED, "+
			cursorColumn+", KEY (updated_at))")
		c.AtTarget("ALTER TABLE t MODIFY kept INT", "INSERT INTO t VALUES (1, 4, 5, '2024-01-01')")
		c.AtSource("INSERT INTO t (id, a, updated_at) VALUES (1, 4, '2024-01-01')")
		c.requireEqual(1)
		_, in := c.planned(api.DepthDigest)
		c.AtSource("ALTER TABLE t MODIFY kept INT AS (a + 2) STORED")
		var ignored any
		requireType(t, c.step("CompareRange", in, &ignored), failure.TableChanged)
	})
}
