package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
)

// pauseAfter is the pause after so many tries that got no lock: each has stalled the target's readers for a second, and
// five of them are all that an hour has.
func pauseAfter(tries int) time.Duration {
	return min(10*time.Minute, 5*time.Second<<(2*min(tries-1, 5)))
}

// swapPause is between two looks at what keeps a swap waiting.
const swapPause = 2 * time.Second

// SwapTableInput names the run whose loaded table takes the target's place: any range of it.
type SwapTableInput struct {
	RangeInput
	// Watermark is the table's before the run, for an undo.
	Watermark string `json:"watermark,omitempty"`
	// Volatile: see TargetRow.
	Volatile *Volatile `json:"volatile,omitempty"`
}

// SwapTableResult says how the swap went.
type SwapTableResult struct {
	// Seconds is how long the swap has waited and taken, from the first attempt on.
	Seconds float64 `json:"seconds"`
	// Rebuilt says that the table was rebuilt before, so that transactions which are older get error 1412.
	Rebuilt bool `json:"rebuilt,omitempty"`
	// Kept says that the former target is kept.
	Kept bool `json:"kept,omitempty"`
}

// swapProgress is what SwapTable heartbeats, and what its next attempt finds.
type swapProgress struct {
	// Waiting is what the swap waits for; empty where it waits for nothing.
	Waiting string `json:"waiting,omitempty"`
	// Since is when the first attempt began, Older the transactions that were open then.
	Since time.Time      `json:"since"`
	Older []swap.Session `json:"older,omitempty"`
	// Looked says that Older is known; Settled that no transaction is left that could read a part of the rows, and
	// Rebuilt that the table was rebuilt for those that are.
	Looked  bool `json:"looked,omitempty"`
	Settled bool `json:"settled,omitempty"`
	Rebuilt bool `json:"rebuilt,omitempty"`
	// Tries is how many RENAMEs have got no lock within a second.
	Tries int `json:"tries,omitempty"`
}

// swapping is one attempt of SwapTable.
type swapping struct {
	a  *Activities
	r  *openedRange
	in SwapTableInput
	db *target.Target
	at where

	logged string // the last wait that was logged

	mu       sync.Mutex
	progress swapProgress
}

// SwapTable gives the loaded table the target's name, by one RENAME, and keeps the former target under another. Before,
// it waits until no transaction is open that is older than the load's end: such a one would see a part of the rows.
// Where the login cannot see them (PROCESS), or they last, the table is rebuilt, and they get error 1412. The RENAME
// waits for locks as [target.Target.ExecExclusive] does.
//
// Repeating it is harmless: the tables that exist say whether an earlier attempt has done it. It heartbeats what it
// waits for.
func (a *Activities) SwapTable(ctx context.Context, in SwapTableInput) (SwapTableResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return SwapTableResult{}, err
	}
	r, err := a.openReplacement(ctx, in.RangeInput)
	if err != nil {
		return SwapTableResult{}, err
	}
	s := r.plan.Settings
	w := &swapping{a: a, r: r, in: in, at: where{s.TargetConnection, "replace " + s.Target.String()}}
	if w.db, err = a.deps.Target(ctx, s.TargetConnection); err != nil {
		return SwapTableResult{}, translate(ctx, err, w.at)
	}
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &w.progress) != nil {
		w.progress = swapProgress{}
	}
	w.update(func(p *swapProgress) {
		if p.Waiting = ""; p.Since.IsZero() {
			p.Since = time.Now()
		}
	})
	activity.RecordHeartbeat(ctx, w.now())
	defer beat(ctx, func() any { return w.now() })()
	out, err := w.run(ctx)
	activity.RecordHeartbeat(ctx, w.now())
	return out, translate(ctx, err, w.at)
}

// update changes what is heartbeat.
func (w *swapping) update(f func(p *swapProgress)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.progress)
}

func (w *swapping) now() swapProgress {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.progress
}

// pause waits, and heartbeats what for.
func (w *swapping) pause(ctx context.Context, d time.Duration, why string) error {
	if why != w.logged {
		w.logged = why
		w.a.log(ctx, w.in.Table).Info("waiting", "reason", why)
	}
	w.update(func(p *swapProgress) { p.Waiting = why })
	defer w.update(func(p *swapProgress) { p.Waiting = "" })
	activity.RecordHeartbeat(ctx, w.now())
	return clock.Sleep(ctx, d)
}

// run swaps, or finds that an earlier attempt has swapped.
func (w *swapping) run(ctx context.Context) (SwapTableResult, error) {
	for {
		if out, done, err := w.swapped(ctx); done || err != nil {
			return out, err
		}
		if err := w.settle(ctx); err != nil {
			return SwapTableResult{}, err
		}
		out, err := w.try(ctx)
		if !swap.IsLocked(err) {
			return out, err
		}
		pause := swapPause
		if !target.IsPutOff(err) {
			w.update(func(p *swapProgress) { p.Tries++ })
			pause = pauseAfter(w.now().Tries)
		}
		if err := w.pause(ctx, pause, "the swap got no lock: "+mysqlerr.Describe(err).Sentence); err != nil {
			return out, err
		}
	}
}

// swapped reports whether an earlier attempt has swapped.
func (w *swapping) swapped(ctx context.Context) (out SwapTableResult, done bool, err error) {
	l, err := w.lock(ctx)
	if err != nil {
		return out, false, err
	}
	defer l.Release()
	record, there, err := w.look(ctx, l)
	if err != nil || there.Load {
		return out, false, err
	}
	if !there.Target || record.Stage == lineage.ReplacementLoading {
		return out, false, failure.New(failure.TableChanged, w.r.plan.Replacement.Load.String()+" is gone, which was "+
			"loaded: the target stays as it is", "run again: the table is loaded again")
	}
	out, err = w.finish(ctx, l, record, there)
	return out, err == nil, err
}

// lock gets the lock of the target, and makes sure that no newer run has begun.
func (w *swapping) lock(ctx context.Context) (*swap.Lock, error) {
	l, err := w.a.swapLock(ctx, w.r.plan.Settings.TargetConnection, w.r.plan.Settings.Target)
	if err != nil {
		return nil, err
	}
	if err := l.Check(ctx, w.r.targetRef()); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// look reads which tables there are, and the record of the run's own load.
func (w *swapping) look(ctx context.Context, l *swap.Lock) (*lineage.Replacement, swap.There, error) {
	there, err := l.Look(ctx)
	if err != nil {
		return nil, there, err
	}
	record, err := l.Record(ctx)
	if err == nil && (record == nil || record.Fence != w.in.Fence) {
		err = lineage.ErrNotBegun
	}
	return record, there, err
}

// finish records that the swap is done. DropOld drops the former target.
func (w *swapping) finish(
	ctx context.Context, l *swap.Lock, record *lineage.Replacement, there swap.There,
) (SwapTableResult, error) {
	if err := w.requireOldUntouched(ctx, l, record, there); err != nil {
		return SwapTableResult{}, err
	}
	p := w.now()
	out := SwapTableResult{Rebuilt: p.Rebuilt, Kept: there.Old, Seconds: time.Since(p.Since).Seconds()}
	if record.Stage == lineage.ReplacementSwapped {
		return out, nil
	}
	record.Stage = lineage.ReplacementSwapped
	return out, l.SetRecord(ctx, *record)
}

// try renames, if nothing speaks against it any more.
func (w *swapping) try(ctx context.Context) (SwapTableResult, error) {
	if v := w.in.Volatile; v != nil {
		row := &TargetRow{Ref: w.r.targetRef(), Connection: w.r.plan.Settings.TargetConnection}
		if err := w.a.checkRestart(ctx, w.db.DB, row, *v); err != nil {
			return SwapTableResult{}, err
		}
	}
	l, err := w.lock(ctx)
	if err != nil {
		return SwapTableResult{}, err
	}
	defer l.Release()
	record, there, err := w.look(ctx, l)
	if err != nil {
		return SwapTableResult{}, err
	}
	if !there.Load || record.Stage != lineage.ReplacementChecked {
		return SwapTableResult{}, lineage.ErrNotBegun
	}
	untouched := func(ctx context.Context) error { return w.requireUntouched(ctx, l, record, there) }
	if err := untouched(ctx); err != nil {
		return SwapTableResult{}, err
	}
	pairs, err := w.prepare(ctx, l, record, there)
	if err != nil {
		return SwapTableResult{}, err
	}
	if err := l.Rename(ctx, untouched, pairs...); err != nil {
		return SwapTableResult{}, err
	}
	if there, err = l.Look(ctx); err != nil {
		return SwapTableResult{}, err
	}
	out, err := w.finish(ctx, l, record, there)
	logStep(ctx, "seconds", out.Seconds, "rebuilt", out.Rebuilt)
	return out, err
}
