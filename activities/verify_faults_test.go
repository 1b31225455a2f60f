package activities_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

const createSmall = "CREATE TABLE t (id INT PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))"

// small has a hundred rows on both sides, of which five differ.
func small(t *testing.T, s *servers.Server) *comparing {
	c := newComparing(t, s, s, createSmall)
	dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 100, "n, n, '2024-01-01'")
	c.copied()
	c.AtTarget("UPDATE t SET v = -1 WHERE id < 5")
	return c
}

var fiveSilent = map[verify.Verdict]int64{verify.Silent: 5}

// A table that is altered while a range is compared means the range again, and nothing is counted twice.
func TestAnAlterMeansTheRangeAgain(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := small(t, s)
		_, in := c.planned(api.DepthDigest)
		other := dbtest.Lenient(t, s, c.To)
		dbtest.Exec(t, other, "LOCK TABLES t WRITE")
		var out activities.CompareRangeResult
		done := make(chan error)
		go func() { done <- c.step("CompareRange", in, &out) }()
		require.Eventually(t, func() bool { // the read of the target is under way, and waits
			return dbtest.Texts(t, s.DB(t, ""), "SELECT COUNT(*) FROM information_schema.processlist WHERE "+
				"info LIKE '%"+c.To+"%FORCE INDEX%' AND info NOT LIKE '%processlist%'")[0] == "1"
		}, dbtest.Soon, 10*time.Millisecond)
		dbtest.Exec(t, other, "ALTER TABLE t ADD COLUMN more INT", "UNLOCK TABLES")
		require.NoError(t, <-done)
		require.Equal(t, verify.Tally{SourceRows: 100, TargetRows: 100, Equal: 95, Suspects: 5}, out.Tally)
		require.Len(t, c.staged(), 1)
		require.Contains(t, c.staged()[0], "-2.parquet", "the second look at the range counts")
	})
}

// A compared column that is altered between two steps ends the plan: its values may have another form now.
func TestAnAlterOfAComparedColumnEndsThePlan(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := small(t, s)
		_, in := c.planned(api.DepthDigest)
		c.AtTarget("ALTER TABLE t MODIFY v BIGINT")
		var ignored any
		requireType(t, c.step("CompareRange", in, &ignored), failure.TableChanged)
		_, in = c.planned(api.DepthDigest)
		require.NoError(t, c.step("CompareRange", in, &ignored))
		c.AtTarget("ALTER TABLE t MODIFY v DECIMAL(20,2)")
		in.Range = 1
		requireType(t, c.step("RecheckRows", in, &ignored), failure.TableChanged)
		c.requireFound(fiveSilent)
	})
}

// Two sides of different character sets hold the same text, and keys of it are compared as text.
func TestSidesOfDifferentCharacterSets(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, key := range []string{"VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin", "INT"} {
			t.Run(key, func(t *testing.T) {
				c := newComparing(t, s, s, "CREATE TABLE t (id "+key+" PRIMARY KEY, v TEXT CHARACTER SET latin1, "+
					cursorColumn+", KEY (updated_at))",
					"INSERT INTO t (id, v) VALUES ('1', 'größe'), ('2', 'é'), ('3', 'ÿ')")
				if key != "INT" {
					c.AtSource("UPDATE t SET id = CONCAT(id, 'ü')")
				}
				c.AtTarget("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
				c.copied().requireEqual(3)
				c.AtTarget("UPDATE t SET v = 'grosse' WHERE id LIKE '1%'", "INSERT INTO t (id, v) VALUES ('4', '😀')")
				c.requireFound(map[verify.Verdict]int64{verify.Silent: 1, verify.Deleted: 1})
			})
		}
	})
}

// Between servers that order text in other ways no row is lost between two bounds.
func TestKeysOfTextBetweenServersThatOrderThemOtherwise(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		c := newComparing(t, p.Source, p.Target, "CREATE TABLE t (id VARCHAR(20) PRIMARY KEY, v INT, "+cursorColumn+
			", KEY (updated_at)) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci")
		c.lower(activities.Sizes{Stretch: 7})
		db := dbtest.Lenient(t, p.Source, c.From)
		for i, key := range strings.Fields("a B ä ß ss Z z~ _ - 1 10 9 é É€ ñ n 😀 𝔞 ﬀ ff ſ İ ı ا あ ア 中 ™ tm ½ -a") {
			_, err := db.ExecContext(t.Context(), "INSERT IGNORE INTO t (id, v) VALUES (?, ?)", key, i)
			require.NoError(t, err)
		}
		rows := len(dbtest.Texts(t, db, "SELECT 1 FROM t"))
		require.Greater(t, rows, 20)
		c.settings.PageRows = 3
		c.copied().requireEqual(rows)
		c.AtTarget("DELETE FROM t WHERE v = 0", "UPDATE t SET v = -1 WHERE id = '9'", "INSERT INTO t (id, v) "+
			"VALUES ('ae', 1), ('ÿ', 2), ('', 3)")
		c.requireFound(map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1, verify.Deleted: 3})
	})
}

// What cannot be compared exactly is refused by its column, before a row is read.
func TestAColumnThatCannotBeComparedIsRefusedByName(t *testing.T) {
	s := servers.MySQL(t)
	c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, odd ENUM('', 'a'), "+cursorColumn+
		", KEY (updated_at))", "INSERT INTO t (id, odd) VALUES (1, 'a')")
	c.AtTarget("ALTER TABLE t MODIFY odd VARCHAR(9)")
	in := c.planInput()
	var plan activities.PlanVerifyResult
	err := c.step("PlanVerify", in, &plan)
	requireType(t, err, failure.UnsupportedTable)
	require.ErrorContains(t, err, "column odd")
	in.Depth = api.DepthKeys
	require.NoError(t, c.step("PlanVerify", in, &plan))
}

// A right that is taken away on one side ends the step at once, and names the side.
func TestVerifyWithoutRightsOnOneSide(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, side := range []string{"shop", "warehouse"} {
			t.Run(side, func(t *testing.T) {
				c := small(t, s)
				_, in := c.planned(api.DepthDigest)
				user := "th_" + c.From[max(0, len(c.From)-20):]
				name := map[string]string{"shop": c.From, "warehouse": c.To}[side]
				admin := dbtest.Lenient(t, s, "")
				dbtest.Exec(t, admin, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY 'Pa55-word'", user),
					fmt.Sprintf("GRANT INSERT, UPDATE ON `%s`.t TO '%s'@'%%'", name, user))
				t.Cleanup(func() { _, _ = s.DB(t, "").Exec("DROP USER '" + user + "'@'%'") }) //nolint:noctx // ended
				c.limit(side, user+":Pa55-word@tcp("+s.Addr()+")/")
				var ignored any
				err := c.step("CompareRange", in, &ignored)
				var app *temporal.ApplicationError
				require.ErrorAs(t, err, &app)
				require.True(t, app.NonRetryable(), app.Message())
				require.Contains(t, app.Message(), side)
				require.Contains(t, app.Message(), "SELECT")
				require.Empty(t, c.staged())
			})
		}
	})
}

// limit lets one side's connection use a login.
func (c *comparing) limit(side, dsn string) {
	c.t.Helper()
	role := map[string]mysqldb.Role{"shop": mysqldb.Source, "warehouse": mysqldb.Target}[side]
	db, err := mysqldb.Open(c.t.Context(), dsn, mysqldb.Options{Role: role, Name: side})
	require.NoError(c.t, err)
	c.t.Cleanup(func() { require.NoError(c.t, db.Close()) })
	if side == "shop" {
		c.deps.Source = func(context.Context, string) (*source.Source, error) { return source.New(db), nil }
	} else {
		c.deps.Target = func(context.Context, string) (*target.Target, error) { return target.New(db), nil }
	}
	c.restart()
}

// brokenStore fails to write files while broken is set, and while dying it removes none, as a worker that was killed.
type brokenStore struct {
	staging.Store
	broken atomic.Pointer[error]
	dying  atomic.Bool
}

func (s *brokenStore) Put(ctx context.Context, key string, r io.Reader) error {
	if s.dying.Load() {
		if err := s.Store.Put(ctx, key, r); err != nil {
			return err
		}
	}
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return s.Store.Put(ctx, key, r)
}

func (s *brokenStore) PutNew(ctx context.Context, key string, r io.Reader) error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return s.Store.PutNew(ctx, key, r)
}

func (s *brokenStore) Delete(ctx context.Context, keys ...string) error {
	if s.dying.Load() {
		return errors.New("no more")
	}
	return s.Store.Delete(ctx, keys...)
}

func (c *comparing) breakable() *brokenStore {
	s := &brokenStore{Store: c.deps.Store}
	c.deps.Store = s
	c.restart()
	return s
}

// Full staging is waited for by each step, and leaves nothing behind.
func TestVerifyWaitsForFullStaging(t *testing.T) {
	c := small(t, servers.MySQL(t))
	store := c.breakable()
	full := fmt.Errorf("no space left: %w", staging.ErrFull)
	waits := func(step string, in any, staged int) {
		t.Helper()
		store.broken.Store(&full)
		var ignored any
		var app *temporal.ApplicationError
		require.ErrorAs(t, c.step(step, in, &ignored), &app)
		require.False(t, app.NonRetryable(), app.Message())
		require.Len(t, c.staged(), staged, "no file of the attempt is left")
		store.broken.Store(nil)
	}
	waits("PlanVerify", c.planInput(), 0)
	_, in := c.planned(api.DepthDigest)
	waits("CompareRange", in, 0)
	var ignored any
	require.NoError(t, c.step("CompareRange", in, &ignored))
	in.Range = 1
	waits("RecheckRows", in, 1)
	require.NoError(t, c.step("RecheckRows", in, &ignored))
}

// A worker that is killed in any step leaves files behind, and another worker does the step again with the same result.
func TestAWorkerKilledInEachStepOfAVerify(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := small(t, s)
		store := c.breakable()
		killed := errors.New("killed")
		die := func(step string, in any) {
			store.dying.Store(true)
			store.broken.Store(&killed)
			var ignored any
			require.Error(t, c.step(step, in, &ignored), step)
			store.dying.Store(false)
			store.broken.Store(nil)
			c.restart()
		}
		die("PlanVerify", c.planInput())
		_, in := c.planned(api.DepthDigest)
		die("CompareRange", in)
		var compared, again activities.CompareRangeResult
		require.NoError(t, c.step("CompareRange", in, &compared))
		require.EqualValues(t, 5, compared.Suspects)
		require.NoError(t, c.step("CompareRange", in, &again), "its reply was lost")
		require.Equal(t, compared.Tally, again.Tally)
		in.Range = 1
		die("RecheckRows", in)
		var found activities.RecheckRowsResult
		require.NoError(t, c.step("RecheckRows", in, &found))
		require.NoError(t, c.step("RecheckRows", in, &found), "its reply was lost")
		require.Equal(t, fiveSilent, found.Verdicts)
		var finished activities.FinishVerifyResult
		require.NoError(t, c.step("FinishVerify", activities.FinishVerifyInput{RangeInput: in}, &finished))
		require.NoError(t, c.step("FinishVerify", activities.FinishVerifyInput{RangeInput: in}, &finished))
	})
}

// What the other kind of server does not keep makes no row differ: MariaDB has no −0.
func TestMinusZeroMakesNoRowDiffer(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		c := newComparing(t, p.Source, p.Target, "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, d DOUBLE, "+cursorColumn+
			", KEY (updated_at))", "INSERT INTO t (id, f, d) VALUES (1, -0e0, -0e0), (2, 0, 0), (3, -0.5, -1e-300)")
		c.copied().requireEqual(3)
		c.AtTarget("UPDATE t SET d = -d WHERE id = 3")
		c.requireFound(map[verify.Verdict]int64{verify.Silent: 1})
	})
}
