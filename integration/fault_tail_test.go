package integration_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// hotEvery is how often a row that never rests changes: more often than any window's end moves.
const hotEvery = 200 * time.Millisecond

// keepHot changes row 1 of tables again and again, until the test ends.
func (p *product) keepHot(updates ...string) {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		tick := time.NewTicker(hotEvery)
		defer tick.Stop()
		for {
			for _, q := range updates {
				if _, err := p.src.ExecContext(ctx, q); err != nil && ctx.Err() == nil {
					done <- err
					return
				}
			}
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-tick.C:
			}
		}
	}()
	p.t.Cleanup(func() {
		stop()
		require.NoError(p.t, <-done)
	})
}

const restlessStamps = "TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)"

const restlessTouch = "UPDATE %s SET n = n + 1 WHERE id = 1"

// restless are tables in which one row changes all the time: their cursor, settings, and how the row changes.
var restless = map[string]struct{ column, settings, touch string }{
	"lagging": {"u " + restlessStamps + ", KEY (u)", "minLag: 30s", restlessTouch},
	"fixed":   {"u " + restlessStamps + ", KEY (u)", "fixedLag: 1m", restlessTouch},
	"held":    {"u " + restlessStamps + ", KEY (u)", "minLag: 0s", restlessTouch},
	"seconds": {
		"u DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY (u)", "minLag: 5s",
		restlessTouch,
	},
	"noindex": {"u " + restlessStamps, "minLag: 30s", restlessTouch},
	"cut": {
		"u " + restlessStamps + ", KEY (u)", "minLag: 1s, tuning: { rangeRows: 200, chunkRows: 50 }",
		restlessTouch,
	},
	"day": {
		"u DATE NOT NULL DEFAULT '2024-01-01', KEY (u)", "minLag: 0s",
		"UPDATE %s SET n = n + 1, u = CURRENT_DATE WHERE id = 1",
	},
	"versions": {
		"u BIGINT NOT NULL DEFAULT 1, KEY (u)", "fixedLag: 1s",
		"UPDATE %s SET n = n + 1, u = u + 1000 WHERE id = 1",
	},
}

// A row that changes all the time is above the end of every window. It arrives all the same, with
// every run, in a version from during the run, with any cursor and any reason that holds the end back.
func TestARowThatNeverRestsArrivesWithEveryRun(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		tables, hot := "", []string{}
		for name, c := range restless {
			tables += fmt.Sprintf("- { name: FROM.%s, target: TO.%s, cursor: u, %s }\n", name, name, c.settings)
			hot = append(hot, fmt.Sprintf(c.touch, name))
		}
		p := start(t, options{source: s, tables: tables})
		for name, c := range restless {
			exec(t, p.src, "CREATE TABLE "+name+" (id INT PRIMARY KEY, n BIGINT NOT NULL DEFAULT 0, "+c.column+")",
				"INSERT INTO "+name+" (id) WITH RECURSIVE q (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM q WHERE i "+
					"< 400) SELECT i FROM q")
		}
		p.keepHot(hot...)
		writer := session(t, p.src) // never touches row 1, and holds the end back
		for name := range restless {
			for run := range 3 {
				if name == "held" && run == 1 {
					say(t, writer, "BEGIN", "INSERT INTO held (id) VALUES (1000)")
				}
				if name == "cut" && run == 1 {
					for i := range 20 {
						exec(t, p.src, fmt.Sprintf("INSERT INTO cut (id) WITH RECURSIVE q (i) AS (SELECT 1 UNION "+
							"ALL SELECT i + 1 FROM q WHERE i < 100) SELECT i + %d FROM q", 1000+100*i))
					}
					holds(t, p.src, "SELECT MAX(u) < NOW(6) - INTERVAL 2 SECOND FROM cut WHERE id > 1")
				}
				before := number(t, scalar(t, p.src, "SELECT n FROM "+name+" WHERE id = 1"))
				r := p.once(name)
				arrived := number(t, scalar(t, p.dst, "SELECT COALESCE(MAX(n), -1) FROM "+name+" WHERE id = 1"))
				require.GreaterOrEqual(t, arrived, before, "%s, run %d: %+v", name, run, r)
				require.Equal(t, r.RowsExtracted, r.Inserted+r.Updated+r.Unchanged, name)
				if name == "cut" && run == 1 {
					require.Greater(t, p.steps("ExtractIncremental"), 4)
				}
			}
		}
		say(t, writer, "COMMIT")
		p.settled("held")
		require.Equal(t, "1", scalar(t, p.dst, "SELECT COUNT(*) FROM held WHERE id = 1000"))
	})
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return n
}

// Of a window that is held back far, a run reads what the last one has not read, and says so. The
// rest comes when the end of the window has passed it.
func TestATailOfManyRowsIsNotReadAgainByEveryRun(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 0s, " +
			"tuning: { tailRows: 100 } }"})
		exec(t, p.src, createT, insertT(1, 10), old)
		p.sync("t")
		writer := session(t, p.src)
		say(t, writer, "BEGIN", insertT(5000, 5000))
		exec(t, p.src, insertT(1001, 1300))
		first := p.once("t")
		require.EqualValues(t, 300, first.Inserted, "they came since the last run")
		require.Contains(t, first.HeldBack, "more than 100 rows lie above the end of the window")
		require.Equal(t, first.HeldBack, p.state("t").HeldBack, "where people look")
		require.Less(t, first.Watermark, scalar(t, p.src, stamp+"1001"))

		exec(t, p.src, insertT(2001, 2005))
		again := p.once("t")
		require.EqualValues(t, 5, again.Inserted, "and they arrive at once")
		require.Less(t, again.RowsExtracted, int64(300), "the others are not read again")

		// Stamped before the last tail's top, and committed after it: left to the window.
		exec(t, p.src,
			"INSERT INTO t (id, n, name, updated_at) SELECT 3001, n, name, updated_at FROM t WHERE id = 1300")
		require.Zero(t, p.once("t").Inserted)
		say(t, writer, "COMMIT")
		last := p.settled("t")
		require.Empty(t, last.HeldBack)
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A run that finds nothing takes no step that reads.
func TestARunThatFindsNothingTakesNoStepForTheTail(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 0s }\n" +
			"- { name: FROM.i, target: TO.i, cursor: id, overlap: 0s }"})
		exec(t, p.src, createT, insertT(1, 10), old, "CREATE TABLE i (id INT PRIMARY KEY)", "INSERT INTO i VALUES (1)")
		p.sync("t")
		p.settled("t")
		before := p.steps("ExtractIncremental")
		r := p.once("t")
		require.Zero(t, r.RowsExtracted)
		require.Equal(t, api.ModeIncremental, r.Mode)
		require.Equal(t, before, p.steps("ExtractIncremental"), "the plan has looked for the window and its tail")
		p.sync("i")
		before = p.steps("ExtractIncremental")
		require.Zero(t, p.once("i").Inserted)
		require.LessOrEqual(t, p.steps("ExtractIncremental"), before+1, "the last value again, and no tail")
	})
}

// swap leaves row 1 with two versions, of which the later one has the smaller cursor: it waited for a
// lock, with its moment, while the other was written. The later one is committed by the function
// that it returns; until then the source shows the other.
func (p *product) swap(t *testing.T) (commit func()) {
	t.Helper()
	first, later := session(t, p.src), session(t, p.src)
	say(t, first, "SET time_zone = '+00:00'", "BEGIN", "SELECT n FROM t WHERE id = 1 FOR UPDATE")
	say(t, later, "SET time_zone = '+00:00'", "BEGIN")
	waiting := make(chan error, 1)
	go func() {
		_, err := later.ExecContext(context.Background(), "UPDATE t SET n = 222 WHERE id = 1")
		waiting <- err
	}()
	holds(t, p.src, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
	say(t, first, "UPDATE t SET n = 111 WHERE id = 1", "COMMIT")
	require.NoError(t, <-waiting)
	return func() {
		t.Helper()
		newer := scalar(t, p.src, stamp+"1")
		say(t, later, "COMMIT")
		require.Less(t, scalar(t, p.src, stamp+"1"), newer, "the later version has the smaller cursor")
		require.Equal(t, "222", scalar(t, p.src, "SELECT n FROM t WHERE id = 1"))
	}
}

// What a tail has brought does not keep out the later version of the row, which has the smaller
// cursor because its statement had waited for a lock.
func TestALaterVersionWithASmallerCursorArrives(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 10), old)
		p.sync("t")
		commit := p.swap(t)
		p.once("t")
		require.Equal(t, "111", scalar(t, p.dst, "SELECT n FROM t WHERE id = 1"), "brought by the tail")
		commit()
		p.settled("t")
		require.Equal(t, "222", scalar(t, p.dst, "SELECT n FROM t WHERE id = 1"))
		p.equal("t", []string{"id"}, columnsT...)
	})
}
