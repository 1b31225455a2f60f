package world_test

import (
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/workflows"
)

// An action is a kind of step.
type action struct {
	name   string
	weight int
	// during says that it may happen while runs are under way, only that it must.
	during, only bool
	// allowed are the types of failures that runs may end with until the world is healed. A run
	// that says that it is done has kept its promise all the same.
	allowed []string
	// input changes what the step's runs are asked for.
	input func(*workflows.SyncTableInput)
	// do does it; the function that it returns ends the trouble, and may be nil.
	do func(w *world, r *rand.Rand) (heal func() error, err error)
}

type healer = func() error

// Failures that steps explain.
var (
	serverAway = []string{failure.ServerUnavailable}
	altered    = []string{failure.TableChanged, failure.UnsupportedTable}
	// another is a change of what a watermark speaks of.
	another = []string{failure.IdentityChanged, failure.TableChanged, failure.UnsupportedTable, failure.InvalidInput}
)

func nothing(*world, *rand.Rand) (healer, error) { return nil, nil }

// calmActions change nothing around the tables.
var calmActions = []action{
	{name: "nothing", weight: 2, do: nothing},
	{name: "everything is read again", weight: 1, input: fully, do: nothing},
	{name: "the settings are others", weight: 1, do: func(w *world, r *rand.Rand) (healer, error) {
		w.defaults = w.drawDefaults(r)
		w.say("  defaults%s", w.defaults)
		return nil, w.restartWorker(false)
	}},
}

// serverActions are ends and returns of the programs around.
var serverActions = []action{
	{
		name: "the worker is killed", weight: 1, during: true,
		do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.restartWorker(true) },
	},
	{
		name: "the worker is replaced", weight: 1, during: true,
		do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.restartWorker(false) },
	},
	{
		name: "the target is killed", weight: 1, during: true, allowed: serverAway,
		do: func(w *world, _ *rand.Rand) (healer, error) {
			w.target.Restart(w.t)
			return nil, nil
		},
	},
	{
		name: "the target is killed and forgets", weight: 1, during: true, allowed: append(serverAway, another...),
		do: forgetful,
	},
	{
		name: "the source is killed", weight: 1, during: true, allowed: serverAway,
		do: func(w *world, _ *rand.Rand) (healer, error) {
			w.source.Restart(w.t)
			return nil, w.source.exec(w.t.Context(), "SET GLOBAL time_zone = '"+w.zone+"'",
				"SET GLOBAL log_bin_trust_function_creators = 1")
		},
	},
	{
		name: "the target is frozen", weight: 1, during: true, only: true,
		do: func(w *world, r *rand.Rand) (healer, error) {
			w.target.Pause(w.t)
			pause(w.t.Context(), moments(r, 8*time.Second))
			w.target.Resume(w.t)
			return nil, nil
		},
	},
	{
		name: "the source is frozen", weight: 1, during: true, only: true,
		do: func(w *world, r *rand.Rand) (healer, error) {
			w.source.Pause(w.t)
			pause(w.t.Context(), moments(r, 8*time.Second))
			w.source.Resume(w.t)
			return nil, nil
		},
	},
	{
		name: "connections are cut", weight: 1, during: true, only: true,
		do: func(w *world, r *rand.Rand) (healer, error) {
			for range 1 + r.IntN(4) {
				w.toSource.Cut()
				w.toTarget.Cut()
				pause(w.t.Context(), moments(r, 300*time.Millisecond))
			}
			return nil, nil
		},
	},
	{
		name: "the replies to COMMIT are lost", weight: 1, during: true, only: true,
		do: func(w *world, r *rand.Rand) (healer, error) {
			w.toTarget.LoseReply(1+r.IntN(3), "COMMIT", r.IntN(8))
			return nil, nil
		},
	},
	{name: "the network is slow", weight: 1, do: func(w *world, r *rand.Rand) (healer, error) {
		w.toSource.Delay(moments(r, 20*time.Millisecond))
		w.toTarget.Delay(moments(r, 20*time.Millisecond))
		return func() error {
			w.toSource.Delay(0)
			w.toTarget.Delay(0)
			return nil
		}, nil
	}},
	{
		name: "Temporal is killed", weight: 1, during: true,
		do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.stage.temporal.Restart(w.t.Context()) },
	},
}

func moments(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most)))
}

// forgetful kills a target that writes its log to disk once a second.
func forgetful(w *world, r *rand.Rand) (healer, error) {
	if err := w.target.exec(w.t.Context(), "SET GLOBAL innodb_flush_log_at_trx_commit = 0"); err != nil {
		return nil, err
	}
	pause(w.t.Context(), moments(r, 2*time.Second))
	w.target.Restart(w.t)
	for _, t := range w.tables { // what it holds now may be older
		at, _, _ := w.place(t)
		at.again()
	}
	return nil, nil
}
