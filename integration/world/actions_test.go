package world_test

import (
	"fmt"
	"math/rand/v2"
	"time"

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

var actions = []action{
	{name: "nothing", weight: 3, do: func(*world, *rand.Rand) (healer, error) { return nil, nil }},
	{
		name: "everything is read again", weight: 1, input: func(in *workflows.SyncTableInput) { in.Full = true },
		do: func(*world, *rand.Rand) (healer, error) { return nil, nil },
	},
	{name: "the worker is killed", weight: 1, during: true, do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.restartWorker(true) }},
	{name: "the worker is replaced", weight: 1, during: true, do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.restartWorker(false) }},
	{name: "the target is killed", weight: 1, during: true, allowed: serverAway, do: func(w *world, _ *rand.Rand) (healer, error) {
		w.target.Restart(w.t)
		return nil, nil
	}},
	{name: "the source is killed", weight: 1, during: true, allowed: serverAway, do: func(w *world, _ *rand.Rand) (healer, error) {
		w.source.Restart(w.t)
		return nil, w.source.exec(w.t.Context(), "SET GLOBAL time_zone = '"+w.zone+"'")
	}},
	{name: "the target is frozen", weight: 1, during: true, only: true, do: func(w *world, r *rand.Rand) (healer, error) {
		w.target.Pause(w.t)
		pause(w.t.Context(), time.Duration(r.IntN(8000))*time.Millisecond)
		w.target.Resume(w.t)
		return nil, nil
	}},
	{name: "connections are cut", weight: 1, during: true, only: true, do: func(w *world, r *rand.Rand) (healer, error) {
		for range 1 + r.IntN(4) {
			w.toSource.Cut()
			w.toTarget.Cut()
			pause(w.t.Context(), time.Duration(r.IntN(300))*time.Millisecond)
		}
		return nil, nil
	}},
	{name: "Temporal is killed", weight: 1, during: true, do: func(w *world, _ *rand.Rand) (healer, error) { return nil, w.stage.temporal.Restart(w.t.Context()) }},
	{name: "the target is emptied", weight: 1, do: func(w *world, _ *rand.Rand) (healer, error) {
		for _, t := range w.tables {
			at, _, name := w.place(t)
			if err := w.target.exec(w.t.Context(), "DELETE FROM "+name); err != nil {
				return nil, err
			}
			*at = *newTarget(at.name)
		}
		return nil, nil
	}},
}

// serverAway are failures of runs whose server went away or came back with other settings.
var serverAway = []string{"ServerUnavailable"}

func (w *world) random() *rand.Rand { return random(w.seed, 1) }

var _ = fmt.Sprint
