package world_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A plan is a whole world: the same one for the same seed.
type plan struct {
	seed     uint64
	from, to servers.Flavor
	// zone is the source's global time zone.
	zone string
	// gtid says that servers keep a binary log with global transaction ids.
	gtid   bool
	tables []*tablePlan
	// defaults are YAML for the defaults of the configuration.
	defaults string
	// writers is how many write each table; longest bounds how long their transactions stay open.
	writers int
	longest time.Duration
	steps   []step
}

// A step is one thing that happens, with a seed of its own: so it stays the same where others are
// left out.
type step struct {
	number int
	action action
	seed   uint64
	// during says that it happens while runs are under way.
	during bool
}

func (s step) String() string {
	if s.during {
		return fmt.Sprintf("step %d, during a run: %s", s.number, s.action.name)
	}
	return fmt.Sprintf("step %d: %s", s.number, s.action.name)
}

func random(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream)) //nolint:gosec // a plan need be no secret
}

const stepsOfAPlan = 12

func draw(seed uint64) plan {
	r := random(seed, 0)
	both := []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB}
	p := plan{
		seed: seed, from: both[seed%2], to: both[seed/2%2], // four seeds in a row are all pairs
		zone:    pick(r, "SYSTEM", "+00:00", "+05:30", "-08:00"),
		writers: 1 + r.IntN(3),
		longest: pick(r, 100*time.Millisecond, time.Second, 2*time.Second, 5*time.Second, 15*time.Second),
	}
	for i := range 1 + r.IntN(2) {
		p.tables = append(p.tables, drawTable(r, fmt.Sprintf("t%d", i+1)))
	}
	p.defaults = p.drawDefaults(r)
	p.gtid = often(r, 30)
	p.steps = drawSteps(r)
	return p
}

func drawSteps(r *rand.Rand) (steps []step) {
	var all []action // each as often as it weighs
	kinds := slices.Concat(calmActions, serverActions, sourceActions, targetActions, settingActions, handActions)
	if setsClocks() {
		kinds = append(kinds, clockActions...)
	}
	for _, a := range kinds {
		only := os.Getenv(onlyVariable)
		switch {
		case only == "":
			all = append(all, slices.Repeat([]action{a}, a.weight)...)
		case strings.Contains(a.name, only):
			all = append(all, a)
		}
	}
	for i := range stepsOfAPlan {
		a := pick(r, all...)
		steps = append(steps, step{number: i + 1, action: a, seed: r.Uint64(), during: a.during &&
			(a.only || often(r, 60))})
	}
	return steps
}

func (p *plan) drawDefaults(r *rand.Rand) string {
	var b strings.Builder
	set := func(key string, values ...any) {
		if often(r, 50) {
			fmt.Fprintf(&b, ", %s: %v", key, pick(r, values...))
		}
	}
	if p.patient() {
		b.WriteString(", overlap: 40s")
	} else {
		fmt.Fprintf(&b, ", overlap: %s", pick(r, "0s", "0s", "2s", "1m"))
	}
	set("minLag", "0s", "500ms", "2s")
	set("uniqueConflicts", "fail", "replace")
	b.WriteString(", tuning: { tailRows: 100000") // the product's own, so that a comma may follow
	set("chunkRows", 1+r.IntN(20), 50, 1000)
	set("pageRows", 1+r.IntN(20), 40, 1000)
	set("rangeRows", 50, 300)
	set("rangeBytes", "64KiB", "1MiB")
	set("chunkBytes", "64KiB")
	set("pageBytes", "64KiB")
	set("chunksInFlight", 1, 2, 8)
	set("rangesInFlight", 1, 4)
	set("maxTransaction", "100ms", "5s")
	set("bulkLoad", false, true)
	set("indexesAfterLoad", false, true, "auto")
	b.WriteString(" }")
	return b.String()
}

// patient says that the source is MariaDB, which dates a transaction too late whose first statement
// had to wait: what the window's end misses comes by the overlap, with the next run.
func (p *plan) patient() bool { return p.from == servers.FlavorMariaDB }

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s to %s, source in zone %s, GTID %v, %d writers a table, transactions up to "+
		"%s\ndefaults%s\n", p.seed, p.from, p.to, p.zone, p.gtid, p.writers, p.longest, p.defaults)
	for _, t := range p.tables {
		fmt.Fprintf(&b, "key %s, cursor %s, %d rows, gate %v%s\n%s\n", t.key.name, t.cursor.name, t.rows, t.gate,
			t.settings, t.create)
	}
	for _, s := range p.steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}
