package survey

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Connection is a server as the configuration names it.
type Connection struct {
	Name string
	// DSN is a reference such as ${SHOP_DSN} or ${file:/run/secrets/shop}, never the DSN itself.
	DSN string
}

// Setup is what the configuration says beside its tables.
type Setup struct {
	Source, Target Connection
	// TargetSchema is the schema of every target table; empty keeps the schema of the source.
	TargetSchema string
	// Staging is an absolute folder.
	Staging string
}

// header is the beginning of the file. Its arguments are the server, name and DSN of both connections, the URL of
// staging, and the names of both connections.
const header = `# Written by tablehaul init, which looked at %s.
# Next: tablehaul config check; tablehaul plan --all; tablehaul run --all; tablehaul schedule apply
# docs/configuration.md describes every key with its default and its bounds.

connections: # secrets stay in the environment, or in files: ${file:/run/secrets/shop}
  %s: { dsn: "%s" }
  %s: { dsn: "%s" }

staging: # a folder that every worker sees
  url: %s

defaults:
  sourceConnection: %s
  targetConnection: %s
  schedule: 15m # when runs begin: an interval, or a cron expression such as "*/15 * * * *"; off for none
`

// YAML returns the configuration for the tables, with a comment on each.
func (r *Result) YAML(s Setup) string {
	w := &yamlWriter{Result: r, setup: s}
	fmt.Fprintf(w, header, r.Server, s.Source.Name, s.Source.DSN, s.Target.Name, s.Target.DSN,
		strconv.Quote("file://"+s.Staging), s.Source.Name, s.Target.Name)
	for _, f := range r.Common {
		w.comment(findingText(f))
	}
	if n := len(r.SchemaChanges); n > 0 {
		w.comment("left out, because they belong to an online schema change: " + human.Sample(r.SchemaChanges, n))
	}
	w.WriteString("\ntables:\n")
	families := map[string]bool{}
	for i, t := range r.Tables {
		if t.Family != "" && families[t.Family] {
			continue
		}
		families[t.Family] = true
		if i > 0 {
			w.WriteString("\n")
		}
		if t.Family == "" {
			w.entry(t)
		} else {
			w.family(t)
		}
	}
	return w.String()
}

// yamlWriter collects the text of the file.
type yamlWriter struct {
	strings.Builder
	*Result
	setup Setup
}

// comment writes a comment of one line. White space of any kind becomes one space.
func (w *yamlWriter) comment(text string) {
	fmt.Fprintf(w, "  # %s\n", strings.Join(strings.Fields(text), " "))
}

// entry writes the entry of one table. The entry of a refused table is a comment.
func (w *yamlWriter) entry(t *Table) {
	w.comment(t.sizeText())
	w.remarks(t)
	indent := "  "
	if t.Refused {
		indent = "  # "
	}
	fmt.Fprintf(w, "%s- name: %s\n", indent, scalar(t.Table))
	w.settings(indent+"  ", t, t.name.String())
}

// family writes the entry of all tables of first's family.
func (w *yamlWriter) family(first *Table) {
	var names []string
	var rows, bytes int64
	for _, t := range w.Tables {
		if t.Family == first.Family {
			names = append(names, t.name.Table)
			rows, bytes = rows+t.Rows, bytes+t.Bytes
		}
	}
	w.comment(fmt.Sprintf("%s of the same form, about %s, %s: %s. Key: %s.", human.Count(len(names), "table"),
		human.Count(rows, "row"), human.Size(bytes), human.Sample(names, len(names)), strings.Join(first.Key, ", ")))
	w.remarks(first)
	fmt.Fprintf(w, "  - name: %s # includes tables that are created later\n", strconv.Quote(first.Family))
	if left := w.refusedIn(first.Family); len(left) > 0 {
		fmt.Fprintf(w, "    exclude: [%s]\n", strings.Join(left, ", "))
	}
	w.settings("    ", first, first.Family)
}

// refusedIn are the refused tables that a family's name matches.
func (w *yamlWriter) refusedIn(family string) []string {
	prefix, _, _ := strings.Cut(family, "*")
	var out []string
	for _, t := range w.Tables {
		if t.Refused && strings.HasPrefix(t.Table, prefix) {
			out = append(out, scalar(t.Table))
		}
	}
	return out
}

// settings writes the keys below an entry's name.
func (w *yamlWriter) settings(indent string, t *Table, name string) {
	if target := w.targetOf(t.name.Schema, name); target != "" {
		fmt.Fprintf(w, "%starget: %s\n", indent, scalar(target))
	}
	if t.Cursor != "" {
		fmt.Fprintf(w, "%scursor: %s\n", indent, scalar(t.Cursor))
		return
	}
	const nightly = `schedule: "0 3 * * *" # without a cursor every run reads the whole table: nightly, in UTC`
	fmt.Fprintf(w, "%s%s\n", indent, nightly)
}

// targetOf is the name of the target; empty where it is the name of the source. Where tables of several schemas go into
// one schema, the target's name begins with the source's schema.
func (w *yamlWriter) targetOf(schema, name string) string {
	if w.setup.TargetSchema == "" {
		return ""
	}
	several := slices.ContainsFunc(w.Tables, func(t *Table) bool { return t.name.Schema != schema })
	parsed, err := table.ParseName(name)
	if err != nil || strings.HasSuffix(name, "*") { // a family
		_, tbl, found := strings.Cut(name, ".")
		if !found || strings.Contains(name, "`") {
			return "" // a family in backticks: people choose its target
		}
		if several {
			tbl = schema + "_" + tbl
		}
		return w.setup.TargetSchema + "." + tbl
	}
	parsed.Schema = w.setup.TargetSchema
	if several {
		parsed.Table = schema + "_" + parsed.Table
	}
	return parsed.String()
}

func (t *Table) sizeText() string {
	rows := "about " + human.Count(t.Rows, "row")
	if t.Rows == 0 {
		rows = "no estimate of its rows"
	}
	key := "none"
	if len(t.Key) > 0 {
		key = strings.Join(t.Key, ", ")
	}
	return fmt.Sprintf("%s: %s, %s. Key: %s.", t.Table, rows, human.Size(t.Bytes), key)
}

// remarks writes the candidates for a cursor and the findings.
func (w *yamlWriter) remarks(t *Table) {
	for _, c := range t.Candidates {
		w.comment("cursor candidate: " + candidateText(c))
	}
	for _, f := range t.Findings {
		if t.Cursor == "" && f.Topic == table.TopicCursor && f.Column == "" {
			continue // the schedule's comment says the same
		}
		w.comment(findingText(f))
	}
	for _, p := range t.Proposals {
		w.comment("proposal: " + p)
	}
}

var unitWords = map[source.CursorUnit]string{
	source.UnitSeconds: "seconds", source.UnitMillis: "milliseconds", source.UnitMicros: "microseconds",
}

func candidateText(c source.CursorCandidate) string {
	parts := []string{c.Column + " " + c.Type}
	switch {
	case c.OnUpdate:
		parts = append(parts, "ON UPDATE")
	case c.Unit != "":
		parts = append(parts, "by its largest values "+unitWords[c.Unit]+" since 1970: only if the application sets "+
			"it with every change; cursorUnit: "+string(c.Unit)+" says so")
	case c.Integer:
		parts = append(parts, "finds new rows only: for tables whose rows never change")
	default:
		parts = append(parts, "no ON UPDATE: only if the application sets it with every change")
	}
	if c.Index == "" {
		parts = append(parts, "no index: every run scans the whole table")
	} else {
		parts = append(parts, "index "+c.Index)
	}
	switch c.Nulls {
	case source.NullsNever:
	case source.NullsNone:
		parts = append(parts, "may be NULL; no row has NULL now")
	case source.NullsSome:
		parts = append(parts, "NULL in some rows, which would never be read")
	default:
		parts = append(parts, "may be NULL; the table is too large to look for it")
	}
	return strings.Join(parts, "; ")
}

var levelTexts = map[table.Level]string{
	table.LevelRefuse: "cannot be synced", table.LevelWarn: "warning", table.LevelInfo: "note",
}

func findingText(f table.Finding) string {
	text := levelTexts[f.Level] + ": " + f.Text
	if f.Remedy != "" {
		text += " → " + f.Remedy
	}
	return text
}

// plainScalar is a text that YAML reads as a string without quotes.
var plainScalar = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_$]+)?$`)

// reserved are words that a YAML parser reads as another type.
var reserved = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}

// scalar is a string as YAML holds it.
func scalar(s string) string {
	if plainScalar.MatchString(s) && !slices.Contains(reserved, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}
