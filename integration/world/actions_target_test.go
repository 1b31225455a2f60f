package world_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"go.temporal.io/api/serviceerror"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// targetActions are changes of the target's data behind the product's back.
var targetActions = []action{
	{name: "the target is emptied", weight: 1, allowed: another, do: onTarget("DELETE FROM %s")},
	{name: "the target is dropped", weight: 1, allowed: another, do: onTarget("DROP TABLE IF EXISTS %s")},
	{
		name: "the target loses rows, everything is read again", weight: 1, allowed: another, input: fully,
		do: onTarget("DELETE FROM %s WHERE v %% 3 = 1"),
	},
	{name: "rows are changed by hand", weight: 2, do: changeByHand},
	{
		name: "the target gets a key", weight: 1, during: true, allowed: altered,
		do: onTarget("ALTER TABLE %s ADD KEY mine (v, w)"),
	},
	{name: "the target is restored from an older copy", weight: 1, allowed: another, do: restore},
	{
		name: "the state workflow is terminated", weight: 1, during: true,
		allowed: append(another, failure.LeaseLost, failure.TableBusy), do: forgetState,
	},
}

// onTarget runs a statement on each table's target, which nothing is remembered of then.
func onTarget(query string) func(w *world, r *rand.Rand) (healer, error) {
	return func(w *world, _ *rand.Rand) (healer, error) {
		for _, t := range w.tables {
			at, on, name := w.place(t)
			q := query
			if strings.Contains(q, "%") {
				q = fmt.Sprintf(query, name)
			}
			if err := on.exec(w.t.Context(), q); err != nil && !isNumber(err, 1061) {
				return nil, err
			}
			if !strings.HasPrefix(q, "ALTER") {
				at.again()
			}
		}
		return nil, nil
	}
}

// changeByHand spoils some rows of the target. They may stay so until the source has newer ones.
func changeByHand(w *world, r *rand.Rand) (healer, error) {
	for _, t := range w.tables {
		at, on, name := w.place(t)
		rows, err := t.read(w.t.Context(), on.admin, "SELECT * FROM "+name)
		if err != nil {
			return nil, err
		}
		h := w.histories[t.name]
		for range min(3, len(rows)) {
			row := pick(r, rows...)
			if err := on.exec(w.t.Context(), fmt.Sprintf("UPDATE %s SET w = -1, v = -v WHERE %s", name,
				t.where(row.raw))); err != nil {
				return nil, err
			}
			h.mu.Lock()
			at.spoiled[row.key] = h.at // a version that was committed since may come at once
			if found := h.find(row); found > 0 {
				at.spoiled[row.key] = found
			}
			h.mu.Unlock()
		}
	}
	return nil, nil
}

// restore copies the target's schema, lets runs go on, and puts the copy back.
func restore(w *world, _ *rand.Rand) (healer, error) {
	old := w.schema + "_old"
	if err := w.copyAll(w.target, w.schema, w.target, old); err != nil {
		return nil, err
	}
	if err := w.goOn(); err != nil {
		return nil, err
	}
	if err := w.copyAll(w.target, old, w.target, w.schema); err != nil {
		return nil, err
	}
	for _, at := range w.targets {
		at.again()
	}
	return nil, nil
}

// goOn lets the tables run twice more, so that a copy from before is an older one.
func (w *world) goOn() error {
	for range 2 {
		pause(w.t.Context(), runPause)
		if faults := w.check(w.launch(nil).land(runLimit), nil); len(faults) > 0 {
			return fmt.Errorf("runs before it: %s", strings.Join(faults, "\n"))
		}
	}
	return nil
}

// copyAll copies all tables of a schema, as a dump does.
func (w *world) copyAll(from *host, schema string, to *host, as string) error {
	ctx := w.t.Context()
	if err := to.exec(ctx, "DROP DATABASE IF EXISTS "+as, "CREATE DATABASE "+as); err != nil {
		return err
	}
	names, err := list(ctx, from, "SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "+
		"AND table_schema = ?", schema)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := copyTable(ctx, from, schema+".`"+name+"`", to, as+".`"+name+"`"); err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
	}
	return nil
}

func list(ctx context.Context, on *host, query string, args ...any) (out []string, err error) {
	rows, err := on.admin.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// copyTable copies a table to a server of the same kind.
func copyTable(ctx context.Context, from *host, table string, to *host, as string) error {
	var name, create string
	if err := from.admin.QueryRowContext(ctx, "SHOW CREATE TABLE "+table).Scan(&name, &create); err != nil {
		return err
	}
	create = strings.Replace(create, "`"+name+"`", as, 1)
	if err := to.exec(ctx, "DROP TABLE IF EXISTS "+as, create); err != nil {
		return err
	}
	schema, plain, _ := strings.Cut(strings.ReplaceAll(table, "`", ""), ".")
	columns, err := list(ctx, from, "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND "+
		"table_name = ? AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position", schema, plain)
	if err != nil {
		return err
	}
	quoted := "`" + strings.Join(columns, "`, `") + "`"
	rows, err := from.admin.QueryContext(ctx, "SELECT "+quoted+" FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says it
	marks := strings.Repeat(", ?", len(columns))[2:]
	for rows.Next() {
		values, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		args := make([]any, len(columns))
		for i, v := range values {
			if v != nil {
				args[i] = v
			}
		}
		if _, err := to.admin.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", as, quoted, marks),
			args...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// forgetState terminates the workflow that keeps a table's watermark.
func forgetState(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	w.say("  of %s", t.name)
	err := w.stage.client.TerminateWorkflow(w.t.Context(), workflows.TableStateID(w.queue, w.schema+"."+t.name), "",
		"the world")
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) { // terminated before, and no run has begun since
		err = nil
	}
	return nil, err
}
