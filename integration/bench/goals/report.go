package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// report is everything that was measured, ready to be printed.
type report struct {
	settings settings
	machine  machine.Machine
	begun    time.Time
	took     time.Duration
	servers  []*figures
}

// grid is one table of the report, the same on a terminal and in Markdown.
type grid struct {
	title, note string
	header      pretty.Row
	rows        []pretty.Row
}

func (g grid) writer() pretty.Writer {
	w := pretty.NewWriter()
	w.SetStyle(pretty.StyleLight)
	w.AppendHeader(g.header)
	w.AppendRows(g.rows)
	return w
}

func (r *report) print(out io.Writer) {
	for _, g := range r.grids() {
		fmt.Fprintf(out, "\n%s\n%s\n", g.title, g.writer().Render())
	}
	fmt.Fprintf(out, "\n%s\n%s\n", r.circumstances(), r.summary())
}

// markdown is the text of docs/benchmarks.md.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(
		&b,
		"# Benchmarks\n\nWritten by `make bench`; change nothing by hand.\n\n%s\n\n%s\n",
		r.circumstances(),
		r.summary(),
	)
	for _, g := range r.grids() {
		fmt.Fprintf(&b, "\n## %s\n\n", g.title)
		if g.note != "" {
			fmt.Fprintf(&b, "%s\n\n", g.note)
		}
		fmt.Fprintf(&b, "%s\n", g.writer().RenderMarkdown())
	}
	return b.String() + "\n" + howMeasured
}

func (r *report) circumstances() string {
	m := r.machine
	versions := make([]string, len(r.servers))
	for i, f := range r.servers {
		versions[i] = f.name()
	}
	text := fmt.Sprintf("%s, in %.0f minutes, on %s, %d cores, %.0f GiB of memory, %s (Linux %s), %s, %s. All "+
		"processes share that machine; its load average before was %s.",
		r.begun.UTC().Format("2006-01-02 15:04 UTC"), r.took.Minutes(), m.CPU, m.Cores, m.RAMGiB, m.OS, m.Kernel,
		m.Go, strings.Join(versions, ", "), m.Load)
	if m.Commit != "" {
		text += " Commit " + m.Commit + "."
	}
	if r.settings.rows != fullRows {
		text += fmt.Sprintf(" Shrunk: ROWS=%d; the goals are meant for %d.", r.settings.rows, fullRows)
	} else if !r.settings.full() {
		text += " Parts were left out, by BIG, FLAVOR or ONLY: the table says which."
	}
	if r.settings.tuning != "" {
		text += " Tuning of the table: " + r.settings.tuning + "."
	}
	return text
}

// name is such as "MySQL 9.7.0, local_infile=ON".
func (f *figures) name() string {
	version, _, _ := strings.Cut(f.version, "-")
	out := map[string]string{"mysql": "MySQL", "mariadb": "MariaDB"}[string(f.flavor)] + " " + version
	if f.localInfile {
		out += ", local_infile=ON"
	}
	return out
}

func (r *report) missed() (n int) {
	for _, f := range r.servers {
		for _, found := range f.findings() {
			if found.verdict == missed {
				n++
			}
		}
	}
	return n
}

func (r *report) summary() string {
	if r.missed() == 0 {
		return "Every goal that was measured is met."
	}
	var b strings.Builder
	b.WriteString("Missed:\n")
	for _, f := range r.servers {
		for _, found := range f.findings() {
			if found.verdict == missed {
				fmt.Fprintf(&b, "\n- %s: %s: %s; the goal is %s", f.name(), found.measure, found.figure, found.goal)
			}
		}
	}
	return b.String()
}

func (r *report) grids() []grid {
	return []grid{r.goals(), r.rates(), r.runs(), r.cpu(), r.gaps()}
}

func (r *report) goals() grid {
	g := grid{
		title: "Goals", header: pretty.Row{"Measure", "Goal"},
		note: "In brackets: the lowest and the highest of the rounds.",
	}
	for i, f := range r.servers {
		g.header = append(g.header, f.name())
		for j, found := range f.findings() {
			if i == 0 {
				g.rows = append(g.rows, pretty.Row{found.measure, found.goal})
			}
			cell := string(found.verdict)
			if found.figure != "" {
				cell = found.figure + ", " + cell
			}
			g.rows[j] = append(g.rows[j], cell)
		}
	}
	return g
}

func (r *report) runs() grid {
	g := grid{
		title: "Runs",
		note: "Seconds are from the start of a run to its result, for the client that starts it. Peak is the " +
			"worker's resident memory from its start to the end of the run; a worker is started before each first " +
			"load. Processor is user and system time: worker / source / target / Temporal.",
		header: pretty.Row{
			"Server", "Run", "Rows", "Seconds", "Processor", "Rows/s", "Longest transaction", "Longest page",
			"Events", "Events of ranges", "No activity", "Peak",
		},
	}
	for _, f := range r.servers {
		for _, run := range f.allRuns() {
			g.rows = append(g.rows, pretty.Row{
				f.name(), run.name, scene.Number(run.rows), fmt.Sprintf("%.2f", run.seconds), run.cpu.String(),
				scene.Number(int64(float64(run.rows) / run.seconds)),
				fmt.Sprintf("%.0f ms", 1000*run.result.LongestTransaction),
				fmt.Sprintf("%.0f ms", 1000*run.result.LongestPage),
				run.events.parent, fmt.Sprintf("%d in %d", run.events.children, run.events.ranges),
				fmt.Sprintf("%.2f s", run.events.idle.Seconds()), fmt.Sprintf("%.0f MiB", run.peakMiB),
			})
		}
	}
	return g
}

func (r *report) cpu() grid {
	g := grid{
		title: "Processor seconds",
		note: "User and system time of each process, in one run of each kind. What we are compared with has its " +
			"client in place of the worker. What is near 100% of all cores is the machine's limit, not the " +
			"program's. After it, the target removes old versions of rows: what it needs for that is in none of " +
			"the times.",
		header: pretty.Row{"Server", "Run"},
	}
	for _, who := range scene.Whose {
		g.header = append(g.header, who)
	}
	g.header = append(g.header, "All", "Of all cores", "The target, after it")
	for _, f := range r.servers {
		last := func(of []runFigures, purge float64) {
			if len(of) > 0 {
				run := of[len(of)-1]
				g.rows = append(g.rows, r.cpuOf(f, run.name, run, purge))
			}
		}
		beside := func(name string, s *sample) {
			if s.cpu != nil {
				g.rows = append(g.rows, r.cpuOf(f, name, runFigures{
					rows: s.rows, seconds: s.seconds[len(s.seconds)-1], cpu: s.cpu,
				}, s.purge))
			}
		}
		last(f.firstLoads, 0)
		beside("`LOAD DATA LOCAL` of the same", &f.loadAll)
		beside("a copy of the same", &f.copyAll)
		for i, m := range append(slices.Clone(f.few[:]), f.many) {
			last(m.merges, m.merge.purge)
			beside("the usual way, "+scene.Shapes[i%len(scene.Shapes)].Name, &m.usual)
		}
		last(f.agains, 0)
		last(f.nothings, 0)
	}
	return g
}

func (r *report) cpuOf(f *figures, name string, run runFigures, purge float64) pretty.Row {
	row := pretty.Row{f.name(), fmt.Sprintf("%s, %s rows", name, scene.Number(run.rows))}
	var sum float64
	for _, who := range scene.Whose {
		s, ok := run.cpu[who]
		if !ok {
			row = append(row, "not known")
			continue
		}
		row = append(row, fmt.Sprintf("%.2f", s))
		sum += s
	}
	after := "–"
	if purge > 0 {
		after = fmt.Sprintf("%.2f", purge)
	}
	return append(row, fmt.Sprintf("%.2f", sum),
		fmt.Sprintf("%.0f%%", 100*sum/run.seconds/float64(r.machine.Cores)), after)
}

// gapsShown are the longest kinds of gaps of a run; the others are added up.
const gapsShown = 5

func (r *report) gaps() grid {
	g := grid{
		title:  "Where no activity ran in the first load",
		note:   "By the activities around it. All gaps of a kind together, over all ranges.",
		header: pretty.Row{"Server", "After", "Before", "Times", "Seconds"},
	}
	for _, f := range r.servers {
		if len(f.firstLoads) == 0 {
			continue
		}
		var rest gap
		for i, e := range f.firstLoads[0].events.gaps {
			if i < gapsShown {
				g.rows = append(g.rows, pretty.Row{
					f.name(), e.after, e.before, e.times,
					fmt.Sprintf("%.2f", e.took.Seconds()),
				})
				continue
			}
			rest.times, rest.took = rest.times+e.times, rest.took+e.took
		}
		g.rows = append(g.rows, pretty.Row{
			f.name(), "others", "", rest.times,
			fmt.Sprintf("%.2f", rest.took.Seconds()),
		})
	}
	return g
}

const howMeasured = `## How it is measured

Two database servers of one kind, a Temporal server and a worker run on one machine. The servers have their defaults,
binary log and durability included, but for a buffer pool of 512 MiB, ` + "`max_connections=200`" + `, ` + "`innodb_lock_wait_timeout=1`" + `, no X Protocol, and
utf8mb4 as the server's character set, which is not MariaDB's default; ` + "`local_infile`" + ` is OFF on
MySQL and ON on MariaDB by default, and MySQL is measured a second time with ON. MariaDB has no binary log by default. Between two measurements,
` + "`innodb_io_capacity`" + ` and ` + "`innodb_max_dirty_pages_pct`" + ` let the servers write out what they have; during one they have their defaults. The worker's
logins have the grants of security.md, what it is compared with logs in as root. The table of five times as many rows is measured on MySQL only. Rows are those of ` + "`integration/scene`" + `: about 150 bytes, a primary key and one index.
The two sides of a comparison are measured in turn in the same run, on the same rows, each time into a table in the same state, after the
server has purged and written what it still had in memory. For changed rows, each side's table is read once before its turn, so that its pages are in
the buffer pool. Short ones are repeated, the first of a round last in the next, and the median counts.

- **extract** is the activity ExtractIncremental, range after range, with default settings, into files, by this program: ` + "`GOGC`" + ` is Go's own 100 and the
  niceness 0, where a worker has 50 and 10. The other side is one SELECT whose values the driver decodes and nothing keeps.
- **The copy** streams one SELECT into INSERT statements of 1 MiB, one connection each, with what mysqldump writes around the rows. Where mysqldump
  and mysql are on PATH and can speak to both servers, it is they that copy.
- **The usual way** stages the changed rows in a table like the target, without its second index, by such a copy, or by LOAD DATA LOCAL where
  the server allows it. Then it deletes and inserts them in one transaction.
- **The target, after it**, in the table of processor seconds, is what the target needs to remove the old versions of the rows once a run
  has ended. It cannot remove those of one large transaction before its end; those of small transactions it removes during the run.
- **The time the orchestration adds** is how long no activity runs, by the histories of a run and its ranges, between the first event and the last.
- **What a run adds to Temporal's database** is the growth of its pages that are in use, over 20 runs that find nothing.
- **Indexes**: the table has its primary key, the index of the cursor and four more. Where they come after the load, one ALTER TABLE builds them.
- **Incremental runs** have no overlap here, so that they read exactly the rows that were changed.
- **Changed rows** come in three shapes: four fifths are updated, in runs of 80 keys, scattered singly, or the newest; a fifth is new.
- **Rows read again** are those of the last changes, by ` + "`--from`" + `: the target has them already.
- At the end of the comparison with the usual way, the rows on both sides are compared.
- **Other clients**: none here. What they notice, and charts, are in benchmarks-peers.md, beside other tools.
`
