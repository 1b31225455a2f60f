package activities_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// alteringStore alters the source before it stores a file.
type alteringStore struct {
	staging.Store
	db *sql.DB
	// statement is run once; "" is none.
	statement string
}

func (s *alteringStore) Put(ctx context.Context, key string, r io.Reader) error {
	if statement := s.statement; statement != "" {
		s.statement = ""
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return s.Store.Put(ctx, key, r)
}

// pagesOfKeys is a first load whose first slice has read some of 27 rows, by pages of three rows at most.
func pagesOfKeys(t *testing.T, s *servers.Server) (b *bench, in activities.RangeInput, left int64) {
	t.Helper()
	b = emptyBench(t, s, s)
	b.AtSource("CREATE TABLE t (sku VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, " +
		"seen TIMESTAMP(6) NULL, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	var rows []string
	for _, letter := range []string{"a", "z", "_"} { // in the order of the collation
		for n := 1; n < 10; n++ {
			rows = append(rows, fmt.Sprintf("('%s%d', '2024-01-01', '2024-01-01')", letter, n))
		}
	}
	b.AtSource("INSERT INTO t VALUES " + strings.Join(rows, ", "))
	b.settings.ChunkRows, b.settings.PartBytes = 1, 1
	b.settings.PageRows, b.settings.PageBytes = 3, 200
	_, in = b.plan()
	var first activities.ExtractResult
	require.NoError(t, b.step("ExtractIncremental", in, &first))
	require.True(t, first.More)
	require.Less(t, first.Rows, int64(9))
	in.Slice = 1
	return b, in, 27 - first.Rows
}

// A source that is altered between two pages of a slice, so that pages leave rows out or read values of another form,
// is not published. What no page reads may change.
func TestASourceThatIsAlteredBetweenPages(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for change, refused := range map[string]bool{
			"MODIFY sku VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL": true, // _ is first
			"MODIFY seen DATETIME(6) NULL": true,
			"ADD KEY (seen)":               false,
			"ADD COLUMN more INT":          false,
		} {
			t.Run(change, func(t *testing.T) {
				b, in, left := pagesOfKeys(t, s)
				store := &alteringStore{
					Store: b.deps.Store, db: dbtest.Lenient(t, s, b.From), statement: "ALTER TABLE t " + change,
				}
				b.deps.Store = store
				b.restart()
				before := b.staged()
				var out activities.ExtractResult
				err := b.step("ExtractIncremental", in, &out)
				require.Empty(t, store.statement, "it was altered")
				if refused {
					requireType(t, err, failure.TableChanged)
					require.Equal(t, before, b.staged())
					return
				}
				require.NoError(t, err)
				require.False(t, out.More)
				require.Equal(t, left, out.Rows)
			})
		}
	})
}

// A repair that has read the source by an older structure writes nothing. It reads again, and goes on where the
// compared columns are what they were.
func TestASourceThatIsAlteredDuringARepair(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newOrders(t, s)
		store, full := &brokenStore{Store: b.deps.Store}, staging.ErrFull
		b.deps.Store = store
		b.restart()
		for _, change := range []string{"ADD KEY (v)", "MODIFY updated_at DATETIME(6) NULL"} {
			found, _ := b.compared()
			in, _ := b.planned(activities.PlanRepairInput{RangeInput: found})
			var ignored activities.ExtractResult
			store.broken.Store(&full)
			require.Error(t, b.step("StageRepair", in, &ignored), "and the worker knows the structure")
			store.broken.Store(nil)
			b.AtSource("ALTER TABLE t " + change)
			require.ErrorContains(t, b.step("StageRepair", in, &ignored), "a table was altered", change)
			err := b.step("StageRepair", in, &ignored)
			if change == "ADD KEY (v)" {
				require.NoError(t, err)
				continue
			}
			requireType(t, err, failure.TableChanged)
		}
	})
}

// A sweep that has looked for keys by an older structure of the source deletes nothing by that look. Where the
// structure is what it was again, and so the next plan is the same, the worker goes on.
func TestASourceThatIsAlteredDuringASweep(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		c.AtSource("ALTER TABLE t MODIFY k VARCHAR(30) COLLATE utf8mb4_general_ci NOT NULL")
		_, err := c.act(in)
		require.ErrorContains(t, err, "a table was altered")
		_, err = c.act(in)
		requireType(t, err, failure.TableChanged)
		require.Equal(t, "300", c.onTarget("SELECT COUNT(*) FROM t"))
		c.AtSource("ALTER TABLE t MODIFY k VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL")
		in = c.look()
		c.AtSource("ALTER TABLE t ADD KEY (v)")
		_, err = c.act(in)
		require.ErrorContains(t, err, "a table was altered")
		done, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 20, done.Deleted)
	})
}

// Rows in quarantine that were read by an older structure of the source are not written, and stay in quarantine.
func TestASourceThatIsAlteredBeforeAQuarantineIsSettled(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, to := quarantineBench(t, s, 5)
		b.AtSource("UPDATE t SET v = 'bad' WHERE id = 1")
		_, in := b.plan()
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 1, sum.Quarantined)
		b.AtSource("UPDATE t SET v = 'good' WHERE id = 1", "ALTER TABLE t MODIFY updated_at DATETIME(6) NOT NULL")
		settle := activities.SettleQuarantineInput{RangeInput: in}
		var ignored any
		requireType(t, b.step("SettleQuarantine", settle, &ignored), failure.TableChanged)
		to.Holds("SELECT COUNT(*) FROM t", "249")
		require.Equal(t, [2]int{1, 1}, b.quarantineFiles())
		b.AtSource("ALTER TABLE t MODIFY updated_at TIMESTAMP(6) NOT NULL")
		require.Equal(t, "0 0 1 0 0", b.settle(settle))
	})
}
