package world_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/workflows"
)

// A world is a plan that is being played.
type world struct {
	plan
	t     *testing.T
	stage *stage
	// from and to are the servers that the configuration's connections lead to, through proxies.
	source, target *host
	// spare is another server of the target's kind, once a step needs one.
	spare *host
	// switched says that the connection warehouse leads to the spare.
	switched bool
	// stale is another server of the source's kind, once a step needs one.
	stale              *host
	toSource, toTarget *proxy.Proxy
	schema             string // of all tables, on all servers
	queue              string
	dir                string
	reader             *sql.DB // the source, in UTC
	application        *sql.DB // the source, in its own zone; several statements may be sent at once
	strangers          int     // writers that came later
	worker             *process.Child
	entries            map[string]*entry // of the configuration, by table
	targets            map[string]*target
	histories          map[string]*history
	watermarks         map[string]string                          // of the last runs, by table
	asks               map[string]func(*workflows.SyncTableInput) // of the next run, by table
	writers            []*writer
	stopWriting        func()
	rest               sync.RWMutex
	began              time.Time
	strict             bool // nothing may be late any more
	// deadline is when no further step begins.
	deadline time.Time

	mu    sync.Mutex
	story bytes.Buffer
	runs  int
	done  int // steps
}

// place is where the product is to write a table now.
func (w *world) place(t *tablePlan) (at *target, on *host, name string) {
	e := w.entries[t.name]
	on = w.target
	if w.switched || e.connection != "" {
		on = w.spare
	}
	id := on.Addr() + " " + e.target
	if w.targets[id] == nil {
		w.targets[id] = newTarget(id)
	}
	return w.targets[id], on, e.target
}

// An entry is a table in the configuration.
type entry struct {
	target     string // its name on the server
	connection string // empty is the usual one
	more       string
	whole      bool // without its cursor
}

// say adds a line to the story.
func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := fmt.Sprintf("%6.1fs  %s\n", time.Since(w.began).Seconds(), fmt.Sprintf(format, args...))
	w.story.WriteString(line)
	if os.Getenv(storyVariable) == "live" {
		fmt.Fprint(os.Stderr, line)
	}
}

func (w *world) described() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.plan.String() + w.story.String()
}

// build makes a world of a plan: tables with their first rows, the configuration, a worker.
func build(t *testing.T, s *stage, p plan, deadline time.Time) (*world, error) {
	w := &world{
		plan: p, t: t, stage: s, dir: t.TempDir(), began: time.Now(), deadline: deadline,
		schema:  fmt.Sprintf("world%d_%d", p.seed%1_000_000, time.Now().UnixNano()%1_000_000_000),
		entries: map[string]*entry{}, targets: map[string]*target{}, histories: map[string]*history{},
		watermarks: map[string]string{}, asks: map[string]func(*workflows.SyncTableInput){},
	}
	w.queue = "queue-" + w.schema
	w.source, w.target = s.take(t, p.from, p.gtid), s.take(t, p.to, p.gtid)
	w.toSource, w.toTarget = proxy.Start(t, w.source.Addr()), proxy.Start(t, w.target.Addr())
	w.reader = open(t, w.source.DSN(w.schema), "+00:00", false)
	ctx := t.Context()
	for _, h := range []*host{w.source, w.target} {
		if err := h.exec(ctx, "CREATE DATABASE "+w.schema); err != nil {
			return w, err
		}
	}
	t.Cleanup(func() { w.close() })
	if err := w.source.exec(ctx, "SET GLOBAL time_zone = '"+p.zone+"'",
		"SET GLOBAL log_bin_trust_function_creators = 1", "USE "+w.schema); err != nil {
		return w, err
	}
	if err := w.fill(ctx); err != nil {
		return w, fmt.Errorf("make the source: %w", err)
	}
	return w, w.startWorker()
}

// fill makes the tables with their first rows, which are old.
func (w *world) fill(ctx context.Context) error {
	db := open(w.t, w.source.DSN(w.schema), "", true)
	w.application = db
	if err := execAll(
		ctx, db,
		"CREATE TABLE gate (id INT PRIMARY KEY, x INT)", "INSERT INTO gate VALUES (1, 1)",
		"CREATE FUNCTION slowly(d DOUBLE) RETURNS INT READS SQL DATA BEGIN DO SLEEP(d); RETURN (SELECT x FROM gate "+
			"WHERE id = 1); END",
	); err != nil {
		return err
	}
	for i, t := range w.tables {
		w.entries[t.name] = &entry{target: w.schema + "." + t.name, more: t.settings}
		w.histories[t.name] = newHistory()
		if err := execAll(ctx, db, t.create); err != nil {
			return err
		}
		for id := range w.plan.writers {
			wr := &writer{
				table: t, schema: w.schema, history: w.histories[t.name], source: db, reader: w.reader, rest: &w.rest,
				id: id, of: w.plan.writers, next: id,
				longest: w.longest,
				random:  random(w.seed, uint64(1000+100*i+id)), live: map[string][]any{}, //nolint:gosec // small
			}
			for left := t.rows / w.plan.writers; left > 0; left -= 50 {
				query, args := wr.insert("INSERT", min(left, 50))
				if err := execAll(ctx, db, inline(query, args)); err != nil {
					return err
				}
			}
			w.writers = append(w.writers, wr)
		}
		if t.cursor.ddl != "" {
			if err := execAll(ctx, db, fmt.Sprintf("UPDATE %s SET %s = %s", t.name, t.cursor.column,
				t.cursor.old)); err != nil {
				return err
			}
		}
		if t.gate {
			if err := execAll(ctx, db, fmt.Sprintf("CREATE TRIGGER %[1]s_gate BEFORE INSERT ON %[1]s FOR EACH ROW "+
				"BEGIN DECLARE y INT; SELECT x INTO y FROM gate WHERE id = 1 LOCK IN SHARE MODE; END",
				t.name)); err != nil {
				return err
			}
		}
	}
	for _, wr := range w.writers {
		if err := wr.note(ctx, 0, true); err != nil {
			return err
		}
	}
	return nil
}

func execAll(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, q := range statements {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.300s: %w", q, err)
		}
	}
	return nil
}

// startWriters lets them write until stopWriting is called, which waits for their last commit.
func (w *world) startWriters() {
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, wr := range w.writers {
		all.Go(func() { wr.write(ctx) })
	}
	w.stopWriting = func() {
		stop()
		all.Wait()
	}
}

// quiet runs f while no writer writes, and reads all rows again afterwards.
func (w *world) quiet(f func() error) error {
	w.rest.Lock()
	defer w.rest.Unlock()
	if err := f(); err != nil {
		return err
	}
	for _, wr := range w.writers {
		if err := wr.note(context.Background(), 0, true); err != nil {
			return err
		}
	}
	return nil
}

// recorded waits until the history has everything that was committed before now.
func (w *world) recorded(table string) {
	for _, wr := range w.writers {
		if wr.table.name != table {
			continue
		}
		for was := wr.open.Load(); was%2 == 1 && wr.open.Load() == was; {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// close ends what the world has running, and drops its schemas.
func (w *world) close() {
	if w.stopWriting != nil {
		w.stopWriting()
	}
	if w.worker != nil {
		_ = w.worker.Kill()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	w.rollBackPrepared(ctx)
	for _, h := range []*host{w.source, w.target, w.spare, w.stale} {
		if h != nil && h.clock != nil {
			_ = h.clock.Set(0)
		}
		if h != nil {
			_ = h.exec(ctx, "SET GLOBAL time_zone = 'SYSTEM'", "DROP DATABASE IF EXISTS "+w.schema,
				"DROP DATABASE IF EXISTS "+w.schema+"_old")
		}
	}
}

// rollBackPrepared ends XA transactions that a world left behind when it failed.
func (w *world) rollBackPrepared(ctx context.Context) {
	rows, err := w.source.admin.QueryContext(ctx, "XA RECOVER")
	if err != nil {
		return
	}
	defer rows.Close() //nolint:errcheck // the next world would say
	for rows.Next() {
		var format, global, branch int
		var data string
		if rows.Scan(&format, &global, &branch, &data) == nil && strings.HasPrefix(data, w.schema) {
			_ = w.source.exec(ctx, "XA ROLLBACK '"+data+"'")
		}
	}
	_ = rows.Err()
}
