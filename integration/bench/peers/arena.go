package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/process"
)

// account is the login of every other tool, so that its work can be separated from what the other clients do. Ours has
// the scene's logins, with the documented grants.
const account = "peer"

// arena is what every tool finds: both servers as new, and the same rows.
type arena struct {
	*scene.Scene
	kit *kit
	// work is a folder for a tool's state, emptied before each tool.
	work string
	// created is the statement that made the source's table. The target's is made by it in advance.
	created string
	// beside are the other clients' connections: they wait one second for a lock, the tools the default of 50.
	beside [2]*sql.DB
	// fewClients makes the other clients three, each with an operation every 20 ms: those of hours, not of minutes.
	fewClients bool
	// tuning are settings of our table's tuning, empty for the defaults.
	tuning string
	// version is the commit that is measured.
	version string
	// worker is ours, while it has its turn.
	worker *process.Child
}

func newArena(ctx context.Context, b *bench, k *kit) (_ *arena, err error) {
	s, err := scene.Up(ctx, scene.Options{
		Source: b.flavor, Target: b.flavor, LocalInfile: b.localInfile, Kept: b.kept, Out: b.out,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	a := &arena{
		Scene: s, kit: k, work: filepath.Join(cmp.Or(b.kept, s.Dir), "work"), fewClients: b.kept != "",
		tuning: b.tuning, version: machine.This(ctx).Commit,
	}
	if a.Source.Addr() == a.Target.Addr() {
		return nil, errors.New("source and target are one server; unset the variable that names it")
	}
	for i, db := range []*sql.DB{a.SourceDB, a.TargetDB} {
		for _, q := range []string{
			"SET GLOBAL innodb_lock_wait_timeout = 50",
			"DROP USER IF EXISTS " + account + "@'%'", "CREATE USER " + account + "@'%'",
			"GRANT ALL ON *.* TO " + account + "@'%'",
		} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return nil, fmt.Errorf("prepare the server: %w", err)
			}
		}
		c, err := mysql.ParseDSN([]string{a.Source.DSN(""), a.Target.DSN("")}[i])
		if err != nil {
			return nil, errors.New("the server's login cannot be read")
		}
		c.Params = map[string]string{"innodb_lock_wait_timeout": "1"}
		if a.beside[i], err = sql.Open("mysql", c.FormatDSN()); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *arena) close() {
	for _, db := range a.beside {
		_ = db.Close()
	}
	a.Close()
}

// leftBehind are the schemas that the tools make on the target.
var leftBehind = []string{"shop", "shop_staging", "_bruin_staging"}

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// reset makes both sides new: the source's rows, the target's empty table, no state of a tool.
func (a *arena) reset(ctx context.Context, rows int) error {
	if err := scene.Fill(ctx, a.SourceDB, rows); err != nil {
		return err
	}
	return a.resetTarget(ctx)
}

// resetTarget makes the target new, and leaves the source as it is.
func (a *arena) resetTarget(ctx context.Context) error {
	if err := disconnect(ctx, a.TargetDB); err != nil {
		return err
	}
	for _, schema := range leftBehind {
		if _, err := a.TargetDB.ExecContext(ctx, "DROP DATABASE IF EXISTS "+schema); err != nil {
			return fmt.Errorf("empty the target: %w", err)
		}
	}
	var err error
	if a.created, err = showCreate(ctx, a.SourceDB); err != nil {
		return err
	}
	for _, q := range []string{"CREATE DATABASE shop", strings.Replace(a.created, "`orders`", "shop.orders", 1)} {
		if _, err := a.TargetDB.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("make the target's table: %w", err)
		}
	}
	if err := errors.Join(os.RemoveAll(a.work), os.MkdirAll(a.work, 0o700)); err != nil {
		return err
	}
	return a.AwaitRest(ctx)
}

// disconnect ends what a tool that was stopped still does on the server: a statement goes on
// there without its client, and holds the table.
func disconnect(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT id FROM information_schema.processlist WHERE user = ?", account)
	if err != nil {
		return fmt.Errorf("look for connections of the tool before: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err is checked
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range ids {
		_, _ = db.ExecContext(ctx, fmt.Sprintf("KILL %d", id)) // it may have gone by itself
	}
	return nil
}

// showCreate is the statement that makes the table as it is, without its counter.
func showCreate(ctx context.Context, db *sql.DB) (string, error) {
	var name, text string
	if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE shop.orders").Scan(&name, &text); err != nil {
		return "", fmt.Errorf("look at the table: %w", err)
	}
	return autoIncrement.ReplaceAllString(text, ""), nil
}

// otherClients are the other clients: readers of both sides and a writer on the target, who takes
// locks and changes nothing. Nothing changes the source meanwhile, so that every tool has the same
// rows to move and both sides must be equal when it is done.
func (a *arena) otherClients(ctx context.Context, rows int) *bystanders.Group {
	unchanged := func(o bystanders.Operation) bool { return o.Name == "source update" }
	if a.fewClients {
		ops := slices.DeleteFunc(bystanders.Orders(a.beside[0], a.beside[1], rows), unchanged)
		return bystanders.Start(ctx, ops, 4*bystanders.Interval)
	}
	ops := append(bystanders.Orders(a.beside[0], a.beside[1], rows),
		bystanders.Scans(a.beside[0], a.beside[1], rows)...)
	return bystanders.Start(ctx, slices.DeleteFunc(ops, unchanged), bystanders.Interval)
}

// aloneTime is how long the other clients are watched while no tool runs.
const aloneTime = 10 * time.Second

// alone says how the other clients fare while no tool runs, with the rows on both sides.
func (a *arena) alone(ctx context.Context, rows int) (bystanders.Report, error) {
	if err := a.AwaitRest(ctx); err != nil {
		return bystanders.Report{}, err
	}
	a.Say("the other clients alone, for %s", aloneTime)
	others := a.otherClients(ctx, rows)
	select {
	case <-ctx.Done():
	case <-time.After(aloneTime):
	}
	return others.Stop(), nil
}

// say prints a line for who waits at a terminal.
func say(out io.Writer, format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
