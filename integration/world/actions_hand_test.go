package world_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// handActions are what people ask for, and servers that they did not ask for.
var handActions = []action{
	{name: "the watermark is set back", weight: 1, do: func(w *world, r *rand.Rand) (healer, error) {
		t := pick(r, w.tables...)
		mark := w.watermarks[t.name]
		if mark == "" || t.cursor.column == "" {
			return nil, nil
		}
		back := "1"
		if !t.cursor.number {
			back = "2024-01-01 00:00:00.000000"[:len(mark)]
		}
		w.say("  of %s to %s", t.name, back)
		return nil, w.ask(t, owner.SetRequest{Watermark: back, Cursor: t.cursor.column})
	}},
	{name: "the watermark is forgotten", weight: 1, do: func(w *world, r *rand.Rand) (healer, error) {
		t := pick(r, w.tables...)
		w.say("  of %s", t.name)
		return nil, w.ask(t, owner.SetRequest{})
	}},
	{name: "the target is adopted", weight: 1, do: func(w *world, r *rand.Rand) (healer, error) {
		return nil, w.ask(pick(r, w.tables...), owner.SetRequest{Adopt: true})
	}},
	{name: "the target moves and is adopted", weight: 1, do: moveTarget},
	{name: "rows with old cursors are loaded by a backfill", weight: 2, do: backfill},
	{
		name: "the source's address alternates between servers", weight: 1, during: true, only: true,
		allowed: append([]string{failure.ServerChanged, failure.ServerUnavailable}, another...), do: alternate,
	},
}

// ask changes a table's watermark as a person does.
func (w *world) ask(t *tablePlan, req owner.SetRequest) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), runLimit)
	defer cancel()
	for {
		handle, err := w.stage.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: workflows.TableStateID(w.queue, w.schema+"."+t.name), UpdateName: owner.UpdateSetWatermark,
			WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{req},
		})
		var missing *serviceerror.NotFound
		switch {
		case errors.As(err, &missing): // no run has begun since it was terminated
			return nil
		case err == nil:
			return handle.Get(ctx, nil)
		case !pause(ctx, 100*time.Millisecond): // Temporal may be down just now
			return err
		}
	}
}

// moveTarget puts a complete copy in the target's place, which a person vouches for.
func moveTarget(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	at, on, name := w.place(t)
	e := w.entries[t.name]
	e.target = fmt.Sprintf("%s.%s_moved%d", w.schema, t.name, r.IntN(1e6))
	w.say("  %s to %s", name, e.target)
	if err := copyTable(w.t.Context(), on, name, on, e.target); err != nil {
		return nil, err
	}
	copied, _, _ := w.place(t)
	copied.seen, copied.spoiled, copied.late = maps.Clone(at.seen), maps.Clone(at.spoiled), maps.Clone(at.late)
	if err := w.restartWorker(false); err != nil {
		return nil, err
	}
	return nil, w.ask(t, owner.SetRequest{Adopt: true})
}

// backfill adds rows whose cursors lie far below the watermark, and asks for a run that reads them.
func backfill(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	if t.cursor.old == "" || w.entries[t.name].whole || w.watermarks[t.name] == "" {
		return nil, nil
	}
	other := w.further(t, r)
	ctx := w.t.Context()
	var err error
	if other.conn, err = other.connect(ctx); err != nil {
		return nil, err
	}
	defer other.leave()
	query, args := other.insert("INSERT", 1+r.IntN(30))
	for _, q := range []string{
		"BEGIN", inline(query, args),
		fmt.Sprintf("UPDATE %s SET %s = %s WHERE w = %d", t.name, t.cursor.column,
			strings.ReplaceAll(t.cursor.old, "v", "v % 500"), other.id), "COMMIT",
	} {
		if q == "COMMIT" {
			other.committing()
		}
		if err := other.say(ctx, q); err != nil {
			return nil, err
		}
	}
	w.writers = append(w.writers, other)
	if err := w.noted(other); err != nil {
		return nil, err
	}
	from, to := "2023-12-31", "2025-01-01"
	if t.cursor.number {
		from, to = "1600000000"+t.cursor.zeros, "1710000000"+t.cursor.zeros
	}
	w.say("  of %s, from %s to %s", t.name, from, to)
	w.asks[t.name] = func(in *workflows.SyncTableInput) { in.From, in.To = from, to }
	return nil, nil
}

// alternate lets new connections lead now to the source and now to an older copy.
func alternate(w *world, r *rand.Rand) (healer, error) {
	if w.stale == nil {
		w.stale = w.stage.take(w.t, w.from, w.gtid)
	}
	if err := w.copyAll(w.source, w.schema, w.stale, w.schema); err != nil {
		return nil, err
	}
	if err := w.stale.exec(w.t.Context(), "SET GLOBAL time_zone = '"+w.zone+"'"); err != nil {
		return nil, err
	}
	for range 3 + r.IntN(10) {
		w.toSource.Lead(pick(r, "", w.stale.Addr()))
		if often(r, 50) {
			w.toSource.Cut()
		}
		pause(w.t.Context(), moments(r, 800*time.Millisecond))
	}
	return func() error {
		w.toSource.Lead("")
		w.toSource.Cut()
		return nil
	}, nil
}
