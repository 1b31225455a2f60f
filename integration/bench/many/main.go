// Command many runs many small tables on one-minute schedules, as a fleet of dimension tables is kept fresh: whether
// each run is done within its minute, and what that takes of the processors. A share of the tables changes. Before
// that it compares `run --all`, which follows the runs, with `run --all --no-wait`.
//
// Environment:
//
//	TABLES   how many (1000)
//	MINUTES  how long, after all first loads (10); at least 2
//	CHANGING how many tables get changes, one row of each a minute (50)
//	FLAVOR   mysql or mariadb (mysql)
//	REPORT   file to write; docs/benchmarks-many.md by default, and none where anything above is set
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func main() { scene.Main("bench-many", run) }

type settings struct {
	tables, minutes, changing int
	flavor                    servers.Flavor
	report                    string
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{tables: 1000, minutes: 10, changing: 50, flavor: servers.FlavorMySQL}
	for _, v := range []struct {
		name  string
		least int
		out   *int
	}{{"TABLES", 1, &s.tables}, {"MINUTES", 2, &s.minutes}, {"CHANGING", 1, &s.changing}} {
		if err := scene.ReadNumber(getenv, v.name, v.least, v.out); err != nil {
			return s, err
		}
	}
	s.changing = min(s.changing, s.tables)
	if text := getenv("FLAVOR"); text != "" {
		s.flavor = servers.Flavor(text)
	}
	s.report = getenv("REPORT")
	if s.report == "" && getenv("TABLES")+getenv("MINUTES")+getenv("CHANGING")+getenv("FLAVOR") == "" {
		s.report = "docs/benchmarks-many.md"
	}
	return s, nil
}

// config has all tables in one line: the worker expands the pattern.
const config = "  - { name: shop.small_*, cursor: updated_at, schedule: 1m, scheduleJitter: 50s }\n"

func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	set, err := readSettings(getenv)
	if err != nil {
		return err
	}
	if err := machine.AwaitQuiet(ctx); err != nil {
		return err
	}
	s, err := scene.Up(ctx, scene.Options{Source: set.flavor, Target: set.flavor, Tables: config, Out: out})
	if err != nil {
		return err
	}
	defer s.Close()
	m := &many{Scene: s, settings: set}
	if err := m.makeTables(ctx); err != nil {
		return err
	}
	if err := s.StartWorker(ctx); err != nil {
		return err
	}
	if _, err := m.readableCPU(); err != nil { // before minutes are spent
		return err
	}
	if err := m.loadAll(ctx); err != nil {
		return fmt.Errorf("first loads: %w", err)
	}
	follows, starts, err := m.following(ctx)
	if err != nil {
		return fmt.Errorf("runs of all tables: %w", err)
	}
	if err := m.schedule(ctx); err != nil {
		return err
	}
	f, err := m.measure(ctx)
	if err != nil {
		return err
	}
	f.follows, f.starts = follows, starts
	text := f.markdown()
	fmt.Fprintln(out, text)
	if set.report != "" {
		return os.WriteFile(set.report, []byte(text), 0o644)
	}
	return nil
}

type many struct {
	*scene.Scene
	settings
}

// makeTables makes the tables with 100 rows each; they are what most tables of a schema are.
func (m *many) makeTables(ctx context.Context) error {
	m.Say("making %d tables", m.tables)
	for _, q := range []string{
		"CREATE DATABASE IF NOT EXISTS shop",
		"CREATE TABLE IF NOT EXISTS shop.orders (id INT PRIMARY KEY, updated_at DATETIME(6) NOT NULL)",
	} {
		if _, err := m.SourceDB.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	for n := range m.tables {
		name := tableName(n)
		for _, q := range []string{
			"CREATE TABLE " + name + " (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, updated_at DATETIME(6) " +
				"NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at))",
			"INSERT INTO " + name + " (id, name, updated_at) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT " +
				"i + 1 FROM n WHERE i < 100) SELECT i, CONCAT('name ', i), '2026-01-01' + INTERVAL i SECOND FROM n",
		} {
			if _, err := m.SourceDB.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("make %s: %w", name, err)
			}
		}
	}
	return nil
}

func tableName(n int) string { return fmt.Sprintf("shop.small_%04d", n) }

// loadAll runs each table once.
func (m *many) loadAll(ctx context.Context) error {
	m.Say("first loads of %d tables", m.tables)
	return m.command(ctx, "run", "--all")
}

// schedule makes the schedules.
func (m *many) schedule(ctx context.Context) error {
	return m.command(ctx, "schedule", "apply", "--yes")
}

// command runs the command line.
func (m *many) command(ctx context.Context, args ...string) error {
	begun := time.Now()
	if out, err := m.Command(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %.1000s", args, err, out[max(0, len(out)-1000):])
	}
	m.Say("%v: done after %.1f s", args, time.Since(begun).Seconds())
	return nil
}

// change changes a row of each changing table, once a minute, until ctx ends.
func (m *many) change(ctx context.Context) error {
	pause := time.NewTicker(time.Minute / time.Duration(m.changing))
	defer pause.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		_, err := m.SourceDB.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET name = 'round %d' WHERE id = %d",
			tableName(n%m.changing), n, n%100+1))
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("change a row: %w", err)
		}
	}
}

// same counts the changing tables that differ.
func (m *many) same(ctx context.Context) (differ int, err error) {
	for n := range m.changing {
		var sums [2]sql.NullString
		for i, db := range []*sql.DB{m.SourceDB, m.TargetDB} {
			err := db.QueryRowContext(ctx, "SELECT CONCAT(COUNT(*), ' ', SUM(CRC32(CONCAT_WS('|', id, name, "+
				"updated_at)))) FROM "+tableName(n)).
				Scan(&sums[i])
			if err != nil {
				return 0, fmt.Errorf("compare %s: %w", tableName(n), err)
			}
		}
		if sums[0] != sums[1] {
			differ++
		}
	}
	return differ, nil
}
