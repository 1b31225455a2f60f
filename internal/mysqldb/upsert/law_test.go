package upsert

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/throttle"
)

// lawState is what the law's columns speak of.
type lawState struct {
	rows, limit int
	phase       phase
	pause       int
	wait        time.Duration // nothing is written before the next look
}

// lawCase brings about what a row's first column says. It returns the state before, and those after it happened once,
// twice, and so on.
type lawCase func(t *testing.T) (before lawState, after []lawState)

// climbs is a case of the chunks at once.
func climbs(c hillClimb, event func(*hillClimb)) lawCase {
	return func(*testing.T) (lawState, []lawState) {
		got := c
		event(&got)
		return lawState{limit: c.limit, phase: c.phase, pause: c.pause},
			[]lawState{{limit: got.limit, phase: got.phase, pause: got.pause}}
	}
}

// lawRows are the rows of a chunk before an event, of chunks of up to 5,000.
const lawRows = 1000

// lawMaximum is chunksInFlight.
const lawMaximum = 4

// commits is a case of the rows of a chunk and of the chunks at once: a transaction of rows that took so much of a
// second.
func commits(limit, rows int, took time.Duration) lawCase {
	return func(*testing.T) (lawState, []lawState) {
		z, c := &ChunkSizer{rows: limit, largest: 5000}, hillClimb{limit: 3, phase: steady, pause: 2}
		before := lawState{limit, c.limit, c.phase, c.pause, 0}
		if z.onCommit(committed{rows: rows, took: took, longest: time.Second}) {
			c.onSlowTransaction()
		}
		return before, []lawState{{z.Rows(), c.limit, c.phase, c.pause, 0}}
	}
}

// waits is a case of a throttle.
func waits(wait throttle.Wait) lawCase {
	return func(*testing.T) (before lawState, _ []lawState) { return before, []lawState{{wait: wait.For}} }
}

var belowMaximum = hillClimb{limit: 3, phase: steady}

var inPause = hillClimb{limit: 2, phase: steady, pause: 3}

var otherClients = hillClimb{limit: 3, phase: steady, otherTraffic: true}

// lawCases are by the first column of the law's table.
var lawCases = map[string]lawCase{
	"first chunk": func(*testing.T) (before lawState, _ []lawState) {
		l := &Limiter{}
		l.onFirstChunk(lawMaximum, false, func() bool { return false })
		return before, []lawState{{rows: firstRows(), limit: l.climb.limit, phase: l.climb.phase}}
	},
	"first chunk, others active": func(*testing.T) (before lawState, _ []lawState) {
		l := &Limiter{}
		l.onFirstChunk(4, true, func() bool { return true })
		return before, []lawState{{rows: firstRows(), limit: l.climb.limit, phase: l.climb.phase}}
	},
	"first chunk, target 2 ms away, no others": func(*testing.T) (before lawState, _ []lawState) {
		l := &Limiter{}
		l.onFirstChunk(lawMaximum, true, func() bool { return false })
		return before, []lawState{{rows: firstRows(), limit: l.climb.limit, phase: l.climb.phase}}
	},
	"first chunk of a backfill": func(t *testing.T) (before lawState, after []lawState) {
		l := &Limiter{}
		require.NoError(t, l.Do(t.Context(), 0, lawMaximum, lawRows, func() error {
			after = append(after, lawState{limit: l.climb.limit, phase: l.climb.phase})
			return nil
		}))
		return before, after
	},
	"others begin, in the warm-up":             climbs(hillClimb{limit: 2}, begins),
	"committed well within the time limit":     commits(lawRows, lawRows, 300*time.Millisecond),
	"committed within the time limit":          commits(lawRows, lawRows, 499*time.Millisecond),
	"committed later, and can have fewer rows": commits(lawRows, lawRows, 800*time.Millisecond),
	"committed later, with the fewest rows":    commits(minRows, minRows, 800*time.Millisecond),
	"lock wait timeout or deadlock": func(*testing.T) (lawState, []lawState) {
		z := &ChunkSizer{rows: lawRows, largest: 5000}
		z.onConflict(lawRows)
		return lawState{rows: lawRows}, []lawState{{rows: z.Rows()}}
	},
	"measured, in the warm-up":                      climbs(hillClimb{limit: 2}, measured(1000)),
	"measured, in a pause":                          climbs(inPause, measured(1000)),
	"measured, others active, more than 1 at once":  climbs(otherClients, measured(1000)),
	"measured, answers quick, below chunksInFlight": climbs(belowMaximum, measured(1000)),
	"measured, neither of both":                     climbs(hillClimb{limit: 4, phase: steady}, measured(1000)),
	"trial of 1 more, at least 15% faster": climbs(
		hillClimb{limit: 3, phase: tryMore, baseline: 1000}, measured(1151)),
	"trial of 1 more, not so": func(*testing.T) (lawState, []lawState) {
		c := hillClimb{limit: 3}
		before := lawState{limit: c.limit}
		var after []lawState
		for range 5 {
			c.limit, c.phase, c.pause, c.baseline = 3, tryMore, 0, 1000
			c.adjust(1149, 4)
			after = append(after, lawState{limit: c.limit, phase: c.phase, pause: c.pause})
		}
		return before, after
	},
	"trial of 1 less, at least 15% slower": climbs(
		hillClimb{limit: 2, phase: tryLess, baseline: 1000}, measured(869)),
	"trial of 1 less, not so": climbs(hillClimb{limit: 2, phase: tryLess, baseline: 1000}, measured(870)),
	"answers slow, others active": func(*testing.T) (lawState, []lawState) {
		return slowAnswers(otherClients)
	},
	"answers slow, no others": func(*testing.T) (lawState, []lawState) {
		return slowAnswers(hillClimb{limit: 3, phase: steady})
	},
	"a transaction runs for more than 1 s": func(t *testing.T) (before lawState, after []lawState) {
		synctest.Test(t, func(t *testing.T) { before, after = stuckTransaction(t) })
		return before, after
	},
	"outside hours": func(t *testing.T) (before lawState, _ []lawState) {
		wait, err := throttle.Limits{Hours: "22:00-06:00"}.AtHour(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		return waits(wait)(t)
	},
	"more threads running than maxThreadsRunning": waits(throttle.Limits{ThreadsRunning: 8}.AtThreads("shop", 9)),
	"a replica more than maxReplicaLag behind": waits(throttle.Limits{ReplicaLag: time.Second}.AtLag("replica",
		2*time.Second, true)),
}

// firstRows are the rows of a first chunk, 0 for as many as chunkRows says.
func firstRows() int {
	z := &ChunkSizer{}
	z.onBegin(lawRows)
	return z.Rows()
}

// slowAnswers is a limiter of which START TRANSACTION begins to take more than twice as long.
func slowAnswers(c hillClimb) (lawState, []lawState) {
	l := &Limiter{climb: c, latency: minLatencyFloor, minLatency: minLatencyFloor}
	before := lawState{limit: c.limit, phase: c.phase, pause: c.pause}
	l.onLatency(slowLatency * 10 * minLatencyFloor)
	return before, []lawState{{limit: l.climb.limit, phase: l.climb.phase, pause: l.climb.pause}}
}

// stuckTransaction counts the chunks that are written beside one which does not end, and again when it has ended.
func stuckTransaction(t *testing.T) (before lawState, after []lawState) {
	l := &Limiter{}
	stuck, err := l.acquire(t.Context(), 0, 1)
	require.NoError(t, err)
	next, err := l.acquire(t.Context(), 0, 1) // it waits for stuckTime
	require.NoError(t, err)
	after = append(after, lawState{limit: len(l.slots), phase: l.climb.phase, pause: l.climb.pause})
	l.release(stuck, 0, 1)
	l.release(next, 0, 1)
	only, err := l.acquire(t.Context(), 0, 1)
	require.NoError(t, err)
	require.Len(t, l.slots, 1)
	l.release(only, 0, 1)
	return lawState{limit: 1}, after
}

// Each row of the law does what its columns say. The rows are read from the package's comment and from docs/scale.md.
func TestTheLimitersLaw(t *testing.T) {
	law := lawOf(t, "doc.go", regexp.MustCompile(`(?m)^//\t(.*)$`), regexp.MustCompile(` {2,}`))
	require.Equal(t, lawOf(t, "../../../docs/scale.md", regexp.MustCompile(`(?m)^\| (.*) \|$`),
		regexp.MustCompile(` \| `)), law)
	require.Len(t, law, len(lawCases))
	for _, row := range law {
		t.Run(row[0], func(t *testing.T) {
			c := lawCases[row[0]]
			require.NotNil(t, c)
			before, after := c(t)
			for i, a := range after {
				requireRows(t, row[1], before, a)
				requireLimit(t, row[2], before, a)
				requireTrial(t, row[3], before, a, i)
			}
		})
	}
}

// lawOf reads the law's rows from a text.
func lawOf(t *testing.T, path string, line, column *regexp.Regexp) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, m := range line.FindAllStringSubmatch(string(text), -1) {
		cells := column.Split(strings.TrimSpace(m[1]), -1)
		if len(cells) != 4 {
			continue
		}
		if cells[0] == "When" {
			rows = [][]string{}
		} else if rows != nil {
			rows = append(rows, cells)
		}
	}
	require.NotEmpty(t, rows, path)
	return rows
}

func requireRows(t *testing.T, says string, before, after lawState) {
	t.Helper()
	want := map[string]int{
		"same": before.rows, "half": before.rows / 2, "a quarter more": before.rows + before.rows/4,
		"as many as fit": before.rows * 8 / 10 * 500 / 800, // as the case has it
		"chunkRows":      0, "none": 0,
	}
	require.Contains(t, want, says)
	require.Equal(t, want[says], after.rows, "rows of the next chunk: %s", says)
}

func requireLimit(t *testing.T, says string, before, after lawState) {
	t.Helper()
	want := map[string]int{
		"same": before.limit, "1 less": before.limit - 1, "1 more": before.limit + 1, "none": 0, "1": 1, "2": 2,
		"1 more meanwhile": before.limit + 1, "chunksInFlight": lawMaximum,
	}
	require.Contains(t, want, says)
	require.Equal(t, want[says], after.limit, "chunks at once: %s", says)
}

var number = regexp.MustCompile(`\d+`)

// requireTrial compares the last column with the state after the event has happened i times more.
func requireTrial(t *testing.T, says string, before, after lawState, i int) {
	t.Helper()
	numbers := number.FindAllString(says, -1)
	nth := func() int {
		require.NotEmpty(t, numbers, says)
		n, err := strconv.Atoi(numbers[min(i, len(numbers)-1)])
		require.NoError(t, err)
		return n
	}
	switch {
	case says == "warm-up":
		require.Equal(t, warmUp, after.phase)
	case says == "next":
		require.Equal(t, [2]any{steady, 0}, [2]any{after.phase, after.pause})
	case says == "under way":
		require.Contains(t, []phase{tryMore, tryLess}, after.phase)
	case says == "same":
		require.Equal(t, [2]any{before.phase, before.pause}, [2]any{after.phase, after.pause})
	case strings.HasSuffix(says, " sooner"):
		require.Equal(t, [2]any{before.phase, before.pause - nth()}, [2]any{after.phase, after.pause})
	case strings.HasPrefix(says, "after "):
		require.Equal(t, [2]any{steady, nth()}, [2]any{after.phase, after.pause})
	case strings.HasSuffix(says, " s"):
		require.Equal(t, time.Duration(nth())*time.Second, after.wait)
	case strings.HasSuffix(says, " min"):
		require.Equal(t, time.Duration(nth())*time.Minute, after.wait)
	default:
		require.Fail(t, "no such next trial", says)
	}
}
