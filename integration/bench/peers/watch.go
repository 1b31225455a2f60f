package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/procs"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// memoryPace is how often resident memory is added up. A peak that is shorter may be missed.
const memoryPace = 100 * time.Millisecond

// watchMemory adds up the resident memory of the processes and of all that descend from them, until
// the returned function is called, which says the peak in bytes.
func watchMemory(roots ...int) (stop func() int64) {
	return watchPeak(memoryPace, func() int64 { return resident(roots) })
}

// watchPeak measures at this pace until the returned function is called, which says the highest value.
func watchPeak(pace time.Duration, measure func() int64) (stop func() int64) {
	quit, peak := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(pace)
		defer tick.Stop()
		var highest int64
		for {
			highest = max(highest, measure())
			select {
			case <-quit:
				peak <- max(highest, measure()) // what came since the last look
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(quit)
		return <-peak
	}
}

// resident is the resident memory of the trees below roots. Pages that processes share count for
// each of them.
func resident(roots []int) int64 {
	below := map[int][]int{}
	pages := map[int]int64{}
	for pid, p := range processes() {
		below[p.parent] = append(below[p.parent], pid)
		pages[pid] = p.pages
	}
	var sum int64
	for queue := roots; len(queue) > 0; queue = queue[1:] {
		sum += pages[queue[0]]
		queue = append(queue[:len(queue):len(queue)], below[queue[0]]...)
	}
	return sum * int64(os.Getpagesize())
}

// cpu is processor time in seconds. Our tool is the worker and, unless it is another machine's, the Temporal server,
// which is also there alone. It idles beside the others, and is not theirs.
type cpu struct{ tool, source, target, temporal float64 }

// cpuTimes are those so far. A tool's own processes count when they have ended.
func (a *arena) cpuTimes() (c cpu) {
	times := a.CPU()
	c.source, c.target, c.temporal = times["source server"], times["target server"], times["Temporal server"]
	if a.worker != nil {
		seconds, _ := procs.CPUSeconds(a.worker.Pid()) // it is 0 where /proc is not to be had
		c.tool = c.temporal + seconds
	}
	var ended syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &ended) == nil {
		c.tool += time.Duration(ended.Utime.Nano() + ended.Stime.Nano()).Seconds()
	}
	return c
}

func (c cpu) since(before cpu) cpu {
	return cpu{
		c.tool - before.tool, c.source - before.source, c.target - before.target, c.temporal - before.temporal,
	}
}

type processStat struct {
	name   string
	parent int
	pages  int64
}

// processes reads /proc; elsewhere than on Linux it finds none, and memory is reported as 0.
func processes() map[int]processStat {
	all := map[int]processStat{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		// The name is in brackets and may hold anything, so fields count from the last bracket on:
		// state, parent, and resident pages as the twenty-second.
		open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
		if open < 0 || end < open {
			continue
		}
		fields := bytes.Fields(text[end+1:])
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || len(fields) < 22 {
			continue
		}
		parent, _ := strconv.Atoi(string(fields[1]))
		pages, _ := strconv.ParseInt(string(fields[21]), 10, 64)
		all[pid] = processStat{name: string(text[open+1 : end]), parent: parent, pages: pages}
	}
	return all
}

// watchTransactions finds the longest transaction of the tools' accounts on the target, until the
// returned function is called, which says it in seconds. MySQL keeps the exact maximum for each
// account. MariaDB does so only when started with its performance schema; there we look again and
// again, and a transaction shorter than the pause is not seen.
func watchTransactions(ctx context.Context, f servers.Flavor, target *sql.DB) (stop func() (float64, error),
	err error,
) {
	const summary = "performance_schema.events_transactions_summary_by_account_by_event_name"
	if f == servers.FlavorMariaDB {
		return sampleTransactions(ctx, target), nil
	}
	if _, err := target.ExecContext(ctx, "TRUNCATE TABLE "+summary); err != nil {
		return nil, fmt.Errorf("watch transactions: %w", err)
	}
	return func() (longest float64, err error) {
		err = target.QueryRowContext(ctx,
			"SELECT COALESCE(MAX(MAX_TIMER_WAIT), 0) / 1e12 FROM "+summary+" WHERE USER IN (?, ?)", account,
			scene.Writer).Scan(&longest)
		return longest, err
	}, nil
}

// unseen is what may pass between two looks: a shorter transaction is reported as shorter than this.
const unseen = 2 * transactionPace

// transactionPace is above the 100 ms for which a server repeats its last answer.
const transactionPace = 150 * time.Millisecond

func sampleTransactions(ctx context.Context, target *sql.DB) (stop func() (float64, error)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan time.Duration)
	go func() {
		first := map[string]time.Time{}
		var longest time.Duration
		tick := time.NewTicker(transactionPace)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- longest
				return
			case <-tick.C:
			}
			now := time.Now()
			for _, id := range openTransactions(ctx, target) {
				if _, seen := first[id]; !seen {
					first[id] = now
				}
				longest = max(longest, now.Sub(first[id]))
			}
		}
	}()
	return func() (float64, error) {
		cancel()
		return (<-done).Seconds(), nil
	}
}

// openTransactions are the accounts', by what stays the same while one lasts. An error is an
// empty answer: the next look is near.
func openTransactions(ctx context.Context, target *sql.DB) (ids []string) {
	rows, err := target.QueryContext(ctx, `SELECT CONCAT_WS(' ', t.trx_mysql_thread_id, t.trx_id, t.trx_started)
		FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE p.user IN (?, ?)`, account,
		scene.Writer)
	if err != nil {
		return nil
	}
	defer rows.Close() //nolint:errcheck // Err is checked
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil
		}
		ids = append(ids, id)
	}
	if rows.Err() != nil {
		return nil
	}
	return ids
}
