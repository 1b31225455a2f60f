package world_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

func TestMain(m *testing.M) { servers.Main(m, removeWorkerBinary) }

// Variables of the environment: a seed to repeat, the steps of it to play (all where it is
// empty), and how long new worlds begin.
const (
	seedVariable   = "TABLEHAUL_WORLD_SEED"
	stepsVariable  = "TABLEHAUL_WORLD_STEPS"
	budgetVariable = "TABLEHAUL_WORLD_BUDGET"
	shrinkVariable = "TABLEHAUL_WORLD_SHRINK" // not empty: look for fewer steps that fail as well
	// not empty: print the story of worlds that pass, too; live: each line at once
	storyVariable = "TABLEHAUL_WORLD_STORY"
	onlyVariable  = "TABLEHAUL_WORLD_ONLY" // steps whose names hold this, and no others
)

// defaultBudget is when no more steps begin in `make test`: what is begun takes a while longer.
const defaultBudget = 40 * time.Second

// lanes is how many worlds are played side by side: they wait more than they work.
const lanes = 2

// play plays a plan and returns the first faults.
func (w *world) play() (faults []string) {
	if random(w.seed, 1).IntN(2) == 0 {
		w.startWriters()
	}
	w.say("first runs")
	if faults := w.check(w.launch(nil).land(runLimit), nil); len(faults) > 0 {
		return faults
	}
	if w.stopWriting == nil {
		w.startWriters()
	}
	for _, s := range w.steps {
		if time.Now().After(w.deadline) {
			break
		}
		if faults := w.step(s); len(faults) > 0 {
			return faults
		}
		w.done++
	}
	return w.settle()
}

// step does one step, and lets every table run during it or after it. Then it heals what the step
// has done to the world. Where that is not enough everything is read again, and all must be well.
func (w *world) step(s step) []string {
	w.say("%s", s)
	f := (*flight)(nil)
	r := random(s.seed, 0)
	if s.during {
		f = w.launch(s.action.input)
		pause(w.t.Context(), time.Duration(r.IntN(1500))*time.Millisecond)
	}
	heal, err := s.action.do(w, r)
	if err != nil {
		return []string{fmt.Sprintf("the world cannot do it (%s): %v", s.action.name, err)}
	}
	if s.during {
		if faults := w.heal(heal); len(faults) > 0 {
			return faults
		}
		heal = nil
	}
	if f == nil {
		f = w.launch(s.action.input)
	}
	patience := runLimit
	if heal != nil && len(s.action.allowed) > 0 {
		patience = patienceWithTrouble
	}
	if faults := w.check(f.land(patience), s.action.allowed); len(faults) > 0 || heal == nil &&
		len(s.action.allowed) == 0 {
		return faults
	}
	if faults := w.heal(heal); len(faults) > 0 {
		return faults
	}
	outcomes := w.launch(nil).land(runLimit)
	if faults := w.check(outcomes, s.action.allowed); len(faults) > 0 || allDone(outcomes) {
		return faults
	}
	w.say("  everything is read again")
	return w.check(w.launch(fully).land(runLimit), nil)
}

func fully(in *workflows.SyncTableInput) { in.Full = true }

// heal ends the trouble that a step has made.
func (w *world) heal(heal func() error) []string {
	if heal == nil {
		return nil
	}
	if err := heal(); err != nil {
		return []string{fmt.Sprintf("the world cannot end it: %v", err)}
	}
	w.say("  healed")
	return nil
}

func allDone(outcomes []outcome) bool {
	return !slices.ContainsFunc(outcomes, func(o outcome) bool { return o.failure != "" || o.stuck != "" })
}

// patienceWithTrouble is how long a run may wait for what the world takes from it.
const patienceWithTrouble = 15 * time.Second

// settle ends the writers and lets runs catch up: then nothing may be missing.
func (w *world) settle() []string {
	w.stopWriting()
	w.say("all writers have ended")
	for deadline := time.Now().Add(runLimit); ; {
		outcomes := w.launch(nil).land(runLimit)
		if faults := w.check(outcomes, nil); len(faults) > 0 {
			return faults
		}
		behind := w.behind(outcomes)
		if behind == "" {
			w.strict = true
			return w.check(outcomes, nil) // what came late must be there now
		}
		if time.Now().After(deadline) {
			return []string{"it never catches up: " + behind}
		}
	}
}

// behind names a table whose watermark has not passed its newest row. Rows of the future, which a
// zone that was set back has left, are not waited for.
func (w *world) behind(outcomes []outcome) string {
	for _, o := range outcomes {
		if o.table.cursor.days {
			continue // until tomorrow
		}
		p := w.promised(o)
		p.below = false
		now, err := w.clock(o.table)
		if err != nil {
			return err.Error()
		}
		for key, versions := range w.histories[o.table.name].keys {
			last := versions[len(versions)-1]
			if future := p.cursor && !p.number && last.row.cursor > now; !last.gone && !future && !p.covers(last) {
				return fmt.Sprintf("%s, watermark %q, row %s", o.table.name, p.watermark, key)
			}
		}
	}
	return ""
}

// clock is the source's now as a table's cursor has it.
func (w *world) clock(t *tablePlan) (now string, err error) {
	db := w.application
	if strings.HasPrefix(t.cursor.ddl, "TIMESTAMP") {
		db = w.reader
	}
	err = db.QueryRowContext(w.t.Context(), "SELECT CAST(NOW(6) AS CHAR)").Scan(&now)
	return now, err
}

// knownSeeds are what `make test` plays: all pairs of servers, cursors of days and of epochs, GTID,
// backfills, and watermarks and targets that people change.
var knownSeeds = []uint64{6138, 6191, 6225, 6184}

// In all that happens around a table, no row of it is lost or wrong. A world that fails prints its seed
// and its story.
func TestRandomWorld(t *testing.T) {
	if text := os.Getenv(seedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
		playSeed(t, newStage(t), seed, time.Now().Add(time.Hour))
		return
	}
	budget, seeds := defaultBudget, make(chan uint64)
	known := knownSeeds
	if text := os.Getenv(budgetVariable); text != "" {
		var err error
		if budget, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", budgetVariable, err)
		}
		known = nil
	}
	deadline, each := time.Now().Add(budget), budget
	if known != nil { // all of them have their steps
		each = budget * lanes / time.Duration(len(known))
	}
	random := uint64(time.Now().UnixNano()) % 1_000_000 * 4 //nolint:gosec // any
	go func() {
		defer close(seeds)
		for n := uint64(0); t.Context().Err() == nil; n++ {
			seed := random + n
			if known != nil {
				// A test of each change must not fail for what the change has not touched: new worlds are
				// for those who look for faults.
				if len(known) == 0 {
					return
				}
				seed, known = known[0], known[1:]
			}
			select {
			case seeds <- seed:
			case <-t.Context().Done():
			}
		}
	}()
	for lane := range lanes {
		t.Run(fmt.Sprintf("lane %d", lane+1), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			for seed := range seeds {
				until := time.Now().Add(each)
				if until.After(deadline) {
					until = deadline
				}
				playSeed(t, s, seed, until)
				if time.Now().After(deadline) {
					break
				}
			}
		})
	}
}
