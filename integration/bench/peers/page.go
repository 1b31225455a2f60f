package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// figures are one tool's row of the page's table.
type figures struct {
	name, version string
	// seconds and longest are of the first load and of the changes, longest is the text of the page; seconds is 0
	// where the tool failed, and negative where the page has no such changes.
	seconds [len(phaseNames)]float64
	longest [len(phaseNames)]string
	// p99 is the higher one of the other clients' on the target, in milliseconds; 0 where it was not measured.
	p99 float64
	// refused counts the other clients' lock wait timeouts of all runs.
	refused int
	// differs says that the sides were not equal at the end.
	differs bool
}

// page is what docs/benchmarks-peers.md says of a run.
type page struct {
	date, machine, servers string
	rows, changes          string
	tools                  []figures
	// infile are those of the pass with local_infile ON, none where there was none.
	infile []figures
}

var (
	property  = regexp.MustCompile(`(?m)^\| (Date|Machine|Servers|Table) \| (.*) \|$`)
	rowCounts = regexp.MustCompile(`: ([\d,]+) rows of .*; then (?:three times )?([\d,]+) changes`)
	number    = regexp.MustCompile(`^\d+(\.\d+)?`)
)

// readPage reads back what [bench.document] has written, so that chart and README have the page's figures.
func readPage(text string) (page, error) {
	var p page
	for _, m := range property.FindAllStringSubmatch(text, -1) {
		switch m[1] {
		case "Date":
			p.date = m[2]
		case "Machine":
			p.machine, _, _ = strings.Cut(m[2], ";")
		case "Servers":
			p.servers = m[2]
		case "Table":
			if counts := rowCounts.FindStringSubmatch(m[2]); counts != nil {
				p.rows, p.changes = counts[1], counts[2]
			}
		}
	}
	var rest string
	p.tools, rest = readTable(text)
	p.infile, _ = readTable(rest)
	if p.date == "" || p.rows == "" || len(p.tools) == 0 {
		return p, errors.New("the page of the peers has no table of figures")
	}
	return p, nil
}

// readTable reads the first table of figures of a text; rest is what follows it.
func readTable(text string) (tools []figures, rest string) {
	const begin = "\n|  | version |"
	_, table, found := strings.Cut(text, begin)
	if !found {
		return nil, ""
	}
	table, rest, _ = strings.Cut(begin+table, "\n\n")
	var head []string
	for line := range strings.SplitSeq(strings.Trim(table, "\n"), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if head == nil {
			head = cells
		} else if len(cells) == len(head) && !strings.HasPrefix(cells[0], "---") {
			tools = append(tools, readFigures(func(column string) string {
				if i := slices.Index(head, column); i >= 0 {
					return cells[i]
				}
				return ""
			}))
		}
	}
	return tools, rest
}

// readFigures reads a row of the table by the names of its columns.
func readFigures(cell func(column string) string) figures {
	f := figures{name: cell(""), version: cell("version")}
	for i, name := range phaseNames {
		f.seconds[i] = -1
		if text := cell(name); text != "" {
			f.seconds[i] = secondsOf(text)
		}
	}
	for i, longest := range strings.SplitN(cell("longest transaction"), ", ", len(phaseNames)) {
		f.longest[i] = longest
	}
	for _, pair := range strings.Split(cell("other clients' p99"), ", ") {
		_, target, _ := strings.Cut(pair, " / ")
		f.p99 = max(f.p99, secondsOf(target))
	}
	for _, pair := range strings.Split(cell("other clients' 1205 / 1213"), ", ") {
		n, _ := strconv.Atoi(number.FindString(pair))
		f.refused += n
	}
	sides := cell("both sides")
	f.differs = sides != "" && sides != "failed" && !strings.HasPrefix(sides, "equal")
	return f
}

// secondsOf is the number that a cell begins with, 0 for none.
func secondsOf(cell string) float64 {
	n, _ := strconv.ParseFloat(number.FindString(cell), 64)
	return n
}

// shown are the rows of chart and README: of each tool its best ways, ours first, then the faster first loads, and
// those that failed last.
func shown(tools []figures) []figures {
	out := slices.DeleteFunc(slices.Clone(tools), func(f figures) bool { return title(f.name) == "" })
	slices.SortStableFunc(out, func(a, b figures) int { return cmp.Compare(a.rank(), b.rank()) })
	return out
}

func (f figures) rank() float64 {
	switch {
	case f.name == ourName:
		return 0
	case f.seconds[0] == 0:
		return math.Inf(1)
	}
	return f.seconds[0]
}

// title is the name of a tool in the README, "" for one that is on the page only.
func title(name string) string {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return ""
	}
	return tools[i].title
}

// marks are the lines around a part of a text that a benchmark writes.
type marks struct{ begin, end string }

// peersMarks are around the chart and the table of the peers in README.md.
var peersMarks = marks{"<!-- peers: written by make bench-peers -->", "<!-- /peers -->"}

// around is the content with its marks, without a line's end behind them.
func (m marks) around(content string) string { return m.begin + "\n" + content + m.end }

// cut returns what is between the marks, before them, and behind them.
func (m marks) cut(text string) (before, content, after string, err error) {
	before, rest, begins := strings.Cut(text, m.begin+"\n")
	content, after, ends := strings.Cut(rest, m.end)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("the text has no place for this: %s … %s", m.begin, m.end)
	}
	return before, content, after, nil
}

// renew puts the content between the marks of the text.
func (m marks) renew(text, content string) (string, error) {
	before, _, after, err := m.cut(text)
	return before + m.around(content) + after, err
}

// draw renews the charts and the README's table by the document.
func draw(out io.Writer) error {
	text, err := os.ReadFile(documentPath(servers.FlavorMySQL))
	if err != nil {
		return err
	}
	p, err := readPage(string(text))
	if err != nil {
		return err
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		return err
	}
	renewed, err := peersMarks.renew(string(readme), p.readme())
	if err != nil {
		return err
	}
	files := map[string]string{chartFile: p.chart(p.tools), "README.md": renewed}
	if len(p.infile) > 0 {
		files[infileChart] = p.chart(p.infile)
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
		fmt.Fprintln(out, "written:", path)
	}
	return nil
}

func (p page) readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "![Seconds and longest transactions of each tool](%s)\n\n", chartFile)
	shapes := ""
	if p.tools[0].seconds[newest] >= 0 {
		shapes = ": runs of 80 keys, scattered, the newest"
	}
	fmt.Fprintf(&b, "| Tool | First load, %s rows | %s changes%s | Longest transaction: first load, changes | "+
		"Other clients' p99 on the target | Lock timeouts of other clients |\n|---|---|---|---|---|---|\n",
		p.rows, p.changes, shapes)
	for _, f := range shown(p.tools) {
		name := title(f.name)
		if f.name == ourName {
			name = "**" + name + "**"
		}
		if f.differs {
			name += ": the sides differ"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", name, secondsText(f.seconds[0]),
			f.changesText(), f.longestText(), latencyText(f.p99), scene.Number(int64(f.refused)))
	}
	fmt.Fprintf(&b, "\nOne run on %s. Machine: %s.\nServers: %s.\nFive other clients use both.\n",
		p.date, p.machine, p.servers)
	return b.String()
}

func secondsText(s float64) string {
	if s == 0 {
		return "failed"
	}
	return fmt.Sprintf("%.1f s", s)
}

func latencyText(ms float64) string {
	if ms == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f ms", ms)
}

// changesText are the seconds of each shape of changes.
func (f figures) changesText() string {
	if f.seconds[changes] == 0 {
		return secondsText(0) // no other shape had a turn
	}
	texts := make([]string, 0, len(f.seconds)-1)
	for _, s := range f.seconds[changes:] {
		if s >= 0 {
			texts = append(texts, secondsText(s))
		}
	}
	return strings.Join(texts, ", ")
}

// longestText is that of the first load, and the longest one of the changes.
func (f figures) longestText() string {
	most := f.longest[changes]
	for _, text := range f.longest[scattered:] {
		if longestSeconds(text) > longestSeconds(most) {
			most = text
		}
	}
	return strings.Trim(f.longest[firstLoad]+", "+most, ", ")
}

// longestSeconds reads a longest transaction of the page: "1.20 s", or "< 0.3 s" where none was seen.
func longestSeconds(text string) float64 { return secondsOf(strings.TrimPrefix(text, "< ")) }
