package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/neighbours"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/integration/servers"
)

type bench struct {
	rows, changes int
	idle          time.Duration
	out           io.Writer
}

// phase is what was seen while something ran.
type phase struct {
	name    string
	seconds float64
	fared   neighbours.Report
	load    load
	// longest is the longest transaction of whoever wrote, in seconds; 0 for nobody.
	longest float64
}

// flavor plays all phases on two servers of one kind and prints what was seen.
func (b *bench) flavor(ctx context.Context, f servers.Flavor) error {
	s, err := scene.Up(ctx, scene.Options{Source: f, Target: f, Out: b.out})
	if err != nil {
		return err
	}
	defer s.Close()
	s.Say("filling the source table with %s rows", scene.Number(int64(b.rows)))
	if err := scene.Fill(ctx, s.SourceDB, b.rows); err != nil {
		return err
	}
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	var phases []phase
	for _, step := range []struct {
		name string
		do   func(context.Context, *scene.Scene) (longest float64, err error)
	}{
		{"first load", b.firstLoad},
		{"idle", b.nothing},
		{"incremental", b.incremental},
		{"the usual way", b.usualWay},
	} {
		p, err := b.watch(ctx, s, step.name, step.do)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		phases = append(phases, p)
	}
	b.print(s, phases)
	return nil
}

// watch runs do among neighbours and keeps an eye on the servers' load.
func (b *bench) watch(ctx context.Context, s *scene.Scene, name string, do func(context.Context, *scene.Scene) (float64, error)) (phase, error) {
	if name != "first load" && name != "idle" { // rows to move, made before the clock starts
		if err := scene.Change(ctx, s.SourceDB, b.rows, b.changes); err != nil {
			return phase{}, err
		}
		if err := s.PastMinLag(ctx); err != nil {
			return phase{}, err
		}
	}
	watching := watchLoad(ctx, s)
	others := neighbours.Start(ctx, append(neighbours.Orders(s.SourceDB, s.TargetDB, b.rows), neighbours.Scans(s.SourceDB, s.TargetDB, b.rows)...), neighbours.Pace)
	s.Say("%s, among other clients", name)
	start := time.Now()
	longest, err := do(ctx, s)
	p := phase{name: name, seconds: time.Since(start).Seconds(), fared: others.Stop(), longest: longest}
	p.load = watching()
	return p, err
}

func (b *bench) firstLoad(ctx context.Context, s *scene.Scene) (float64, error) {
	r, err := s.Sync(ctx, "first load")
	return r.LongestTransaction, err
}

func (b *bench) incremental(ctx context.Context, s *scene.Scene) (float64, error) {
	r, err := s.Sync(ctx, "incremental")
	return r.LongestTransaction, err
}

func (b *bench) nothing(ctx context.Context, _ *scene.Scene) (float64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(b.idle):
		return 0, nil
	}
}

// usualWay merges the changed rows as most loaders do: they are staged in a table beside the
// target, which is then changed in one transaction. Both are on the target server, and the rows
// come over a connection as they do for us.
func (b *bench) usualWay(ctx context.Context, s *scene.Scene) (float64, error) {
	if err := b.stage(ctx, s); err != nil {
		return 0, err
	}
	start := time.Now()
	tx, err := s.TargetDB.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	for _, q := range []string{
		"SET SESSION innodb_lock_wait_timeout = 50", // the default that such a loader runs with
		"DELETE FROM shop.orders WHERE id IN (SELECT id FROM shop.staging)",
		"INSERT INTO shop.orders SELECT * FROM shop.staging",
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			_ = tx.Rollback()
			return 0, err
		}
	}
	err = tx.Commit()
	return time.Since(start).Seconds(), err
}

// stage copies the source's changed rows into the staging table, 1,000 rows a statement.
func (b *bench) stage(ctx context.Context, s *scene.Scene) error {
	for _, q := range []string{"DROP TABLE IF EXISTS shop.staging", "CREATE TABLE shop.staging LIKE shop.orders"} {
		if _, err := s.TargetDB.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	rows, err := s.SourceDB.QueryContext(ctx, "SELECT * FROM shop.orders WHERE updated_at > NOW(6) - INTERVAL 1 HOUR ORDER BY updated_at DESC LIMIT ?", b.changes)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err is checked
	const columns, batch = 7, 1000
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		query := "INSERT INTO shop.staging VALUES "
		for i := range len(args) / columns {
			if i > 0 {
				query += ","
			}
			query += "(?,?,?,?,?,?,?)"
		}
		_, err := s.TargetDB.ExecContext(ctx, query, args...)
		args = args[:0]
		return err
	}
	for rows.Next() {
		values := make([]sql.NullString, columns)
		into := make([]any, columns)
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			args = append(args, v)
		}
		if len(args) == columns*batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}

func (b *bench) print(s *scene.Scene, phases []phase) {
	fmt.Fprintf(b.out, "\n%s, %s rows, %s changed, neighbours with innodb_lock_wait_timeout=1\n", s.Source, scene.Number(int64(b.rows)), scene.Number(int64(b.changes)))
	t := table.NewWriter()
	t.SetOutputMirror(b.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"", "seconds", "longest transaction", "neighbours", "p50", "p99", "longest", "1205", "1213", "lock waits", "history list", "threads running"})
	for _, p := range phases {
		t.AppendRow(table.Row{
			p.name, fmt.Sprintf("%.1f", p.seconds), fmt.Sprintf("%.2f s", p.longest), p.fared.All.Operations,
			neighbours.Round(p.fared.All.P50), neighbours.Round(p.fared.All.P99), neighbours.Round(p.fared.All.Max),
			p.fared.Refused[1205], p.fared.Refused[1213], p.load.lockWaits, p.load.history, p.load.threads,
		})
	}
	t.Render()
	for _, p := range phases {
		for _, name := range []string{"source point read", "source update", "source range scan", "target point read", "target update", "target range scan"} {
			st := p.fared.Per[name]
			fmt.Fprintf(b.out, "  %-14s %-18s p50 %-8s p99 %-8s longest %s\n", p.name, name, neighbours.Round(st.P50), neighbours.Round(st.P99), neighbours.Round(st.Max))
		}
	}
}
