package world_test

import (
	"maps"
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// runPause lets writers write between runs.
const runPause = 500 * time.Millisecond

// settingActions are changes of what the configuration or its names lead to.
var settingActions = []action{
	{name: "the configuration names another target table", weight: 1, allowed: another, do: anotherTable},
	{name: "the configuration names another server", weight: 1, allowed: another, do: anotherServer},
	{name: "the target's address leads to an older copy", weight: 1, allowed: another, do: switchTarget},
	{name: "the source's address leads to an older copy", weight: 1, allowed: another, do: switchSource},
	{name: "the cursor is taken away", weight: 1, allowed: another, do: takeCursor},
	{name: "the source's zone is another", weight: 1, allowed: append(another, failure.WatermarkAhead), do: changeZone},
}

// anotherTable lets a table be written elsewhere, where an older copy may be.
func anotherTable(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	e := w.entries[t.name]
	at, on, name := w.place(t)
	was := e.target
	e.target = w.schema + "." + t.name + "_other"
	if often(r, 70) {
		w.say("  %s, where an older copy is", e.target)
		if err := copyTable(w.t.Context(), on, name, on, e.target); err != nil {
			return nil, err
		}
		spoiled := maps.Clone(at.spoiled)
		copied, _, _ := w.place(t)
		copied.spoiled = spoiled
		e.target, was = was, e.target
		if err := w.goOn(); err != nil {
			return nil, err
		}
		e.target, was = was, e.target
	}
	if err := w.replaceWorker(r); err != nil {
		return nil, err
	}
	return w.back(r, func() { e.target = was })
}

// back returns what undoes a change of the configuration; often nothing does.
func (w *world) back(r *rand.Rand, undo func()) (healer, error) {
	if often(r, 50) {
		return nil, nil
	}
	return func() error {
		w.say("  as it was")
		undo()
		return w.restartWorker(false)
	}, nil
}

// replaceWorker starts a worker by the new configuration, at times beside the old one.
func (w *world) replaceWorker(r *rand.Rand) error {
	if often(r, 60) {
		return w.restartWorker(often(r, 50))
	}
	w.say("  two workers, one by the old configuration")
	old := w.worker
	if err := w.startWorker(); err != nil {
		return err
	}
	outcomes := w.launch(nil).land(runLimit)
	w.say("  the old worker ends")
	if err := old.Stop(stopGrace); err != nil {
		return err
	}
	_ = outcomes // either place may be theirs; what they leave is judged by the next runs
	return nil
}

// anotherServer lets a table be written to the spare server, which has an older copy.
func anotherServer(w *world, r *rand.Rand) (healer, error) {
	if err := w.takeSpare(); err != nil {
		return nil, err
	}
	t := pick(r, w.tables...)
	e := w.entries[t.name]
	if w.switched || e.connection != "" {
		return nil, nil
	}
	if err := w.olderCopy(); err != nil {
		return nil, err
	}
	was := e.connection
	e.connection = "elsewhere"
	w.say("  %s", t.name)
	if err := w.replaceWorker(r); err != nil {
		return nil, err
	}
	return w.back(r, func() { e.connection = was })
}

// olderCopy makes the other one of the two target servers hold what the first one holds, and lets
// the first one go on.
func (w *world) olderCopy() error {
	from, to := w.target, w.spare
	if w.switched {
		from, to = to, from
	}
	if err := w.copyAll(from, w.schema, to, w.schema); err != nil {
		return err
	}
	for _, t := range w.tables {
		name := w.entries[t.name].target
		copied := newTarget(to.Addr() + " " + name)
		if was := w.targets[from.Addr()+" "+name]; was != nil {
			copied.spoiled = maps.Clone(was.spoiled)
		}
		w.targets[copied.name] = copied
	}
	return w.goOn()
}

func (w *world) takeSpare() error {
	if w.spare != nil {
		return nil
	}
	w.spare = w.stage.take(w.t, w.to, w.gtid)
	return w.spare.exec(w.t.Context(), "CREATE DATABASE IF NOT EXISTS "+w.schema)
}

// switchTarget lets the target's address lead to another server with an older copy.
func switchTarget(w *world, r *rand.Rand) (healer, error) {
	for _, e := range w.entries {
		if e.connection != "" {
			return nil, nil // both servers are in use
		}
	}
	if err := w.takeSpare(); err != nil {
		return nil, err
	}
	if err := w.olderCopy(); err != nil {
		return nil, err
	}
	lead := func() {
		w.switched = !w.switched
		to := ""
		if w.switched {
			to = w.spare.Addr()
		}
		w.toTarget.Lead(to)
		w.toTarget.Cut()
	}
	lead()
	if often(r, 50) {
		return nil, nil
	}
	return func() error { lead(); return nil }, nil
}

// switchSource lets the source's address lead to an older copy for a while. Writers stay where they
// are.
func switchSource(w *world, _ *rand.Rand) (healer, error) {
	if w.stale == nil {
		w.stale = w.stage.take(w.t, w.from, w.gtid)
	}
	if err := w.copyAll(w.source, w.schema, w.stale, w.schema); err != nil {
		return nil, err
	}
	if err := w.stale.exec(w.t.Context(), "SET GLOBAL time_zone = '"+w.zone+"'"); err != nil {
		return nil, err
	}
	if err := w.goOn(); err != nil {
		return nil, err
	}
	w.toSource.Lead(w.stale.Addr())
	w.toSource.Cut()
	return func() error {
		w.toSource.Lead("")
		w.toSource.Cut()
		return nil
	}, nil
}

// takeCursor lets a table be read whole for a while.
func takeCursor(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	if t.cursor.column == "" {
		return nil, nil
	}
	e := w.entries[t.name]
	e.whole = true
	w.say("  of %s", t.name)
	if err := w.restartWorker(false); err != nil {
		return nil, err
	}
	return func() error {
		e.whole = false
		return w.restartWorker(false)
	}, nil
}

// changeZone gives the source another zone, in which all sessions are from now on.
func changeZone(w *world, r *rand.Rand) (healer, error) {
	zone := pick(r, "SYSTEM", "+00:00", "+02:00", "+05:30", "-08:00")
	w.say("  %s, was %s", zone, w.zone)
	w.zone = zone
	return nil, w.quiet(func() error {
		w.application.SetMaxIdleConns(0) // the sessions that are open have the old one
		w.application.SetMaxIdleConns(2)
		for _, wr := range w.writers {
			wr.leave()
		}
		return w.source.exec(w.t.Context(), "SET GLOBAL time_zone = '"+zone+"'")
	})
}
