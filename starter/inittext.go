package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// yaml is the draft as a file for people to go on from.
func (d *draft) yaml() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by tablehaul init from a look at %s.
# Next: tablehaul config check; tablehaul plan --all; tablehaul run --all; tablehaul schedule apply
# docs/configuration.md has every key with its default and its bounds.

connections: # the secrets stay in the environment, or in files: ${file:/run/secrets/shop}
  %s: { dsn: "%s" }
  %s: { dsn: "%s" }

staging: # a folder that every worker sees
  url: %s

defaults:
  sourceConnection: %s
  targetConnection: %s
  schedule: 15m # when runs begin: an interval, or a cron expression such as "*/15 * * * *"; off for none
`, d.server, d.source.name, d.source.text(), d.target.name, d.target.text(), strconv.Quote("file://"+d.staging), d.source.name, d.target.name)
	for _, f := range d.everywhere {
		comment(&b, "  ", findingLine(f))
	}
	if len(d.changing) > 0 {
		comment(&b, "  ", "left out, since they belong to an online schema change: "+some(d.changing))
	}
	b.WriteString("\ntables:\n")
	families := map[string]bool{}
	for i, t := range d.tables {
		if t.Family != "" && families[t.Family] {
			continue
		}
		families[t.Family] = true
		if i > 0 {
			b.WriteString("\n")
		}
		if t.Family == "" {
			d.entry(&b, t)
		} else {
			d.family(&b, t)
		}
	}
	return b.String()
}

// comment writes a line that people read and programs do not.
func comment(b *strings.Builder, indent, text string) {
	fmt.Fprintf(b, "%s# %s\n", indent, strings.Join(strings.Fields(text), " "))
}

func (d *draft) entry(b *strings.Builder, t *surveyed) {
	comment(b, "  ", sizeLine(t))
	d.remarks(b, t)
	indent := "  "
	if t.Refused {
		indent = "  # " // an entry to come back to
	}
	fmt.Fprintf(b, "%s- name: %s\n", indent, scalarText(t.Table))
	d.settings(b, indent+"  ", t, table.Name{Schema: t.name.Schema, Table: t.name.Table}.String())
}

// family is the entry of tables that are alike.
func (d *draft) family(b *strings.Builder, first *surveyed) {
	var names []string
	var rows, bytes int64
	for _, t := range d.tables {
		if t.Family == first.Family {
			names = append(names, t.name.Table)
			rows, bytes = rows+t.Rows, bytes+t.Bytes
		}
	}
	comment(b, "  ", fmt.Sprintf("%d tables alike, about %s rows, %s: %s. Key: %s.", len(names), number(rows), size(bytes), some(names), strings.Join(first.Key, ", ")))
	d.remarks(b, first)
	fmt.Fprintf(b, "  - name: %s # later ones too\n", strconv.Quote(first.Family))
	if left := d.leftOut(first.Family); len(left) > 0 {
		fmt.Fprintf(b, "    exclude: [%s]\n", strings.Join(left, ", "))
	}
	d.settings(b, "    ", first, first.Family)
}

// leftOut are tables that a family's name matches and that cannot be synced. Those that have an
// entry of their own are not among them: an exact name wins.
func (d *draft) leftOut(family string) []string {
	prefix, _, _ := strings.Cut(family, "*")
	var out []string
	for _, t := range d.tables {
		if t.Refused && strings.HasPrefix(t.Table, prefix) {
			out = append(out, scalarText(t.Table))
		}
	}
	return out
}

// settings are the keys below an entry's name.
func (d *draft) settings(b *strings.Builder, indent string, t *surveyed, name string) {
	if target := d.targetOf(t.name.Schema, name); target != "" {
		fmt.Fprintf(b, "%starget: %s\n", indent, scalarText(target))
	}
	if t.Cursor != "" {
		fmt.Fprintf(b, "%scursor: %s\n", indent, scalarText(t.Cursor))
		return
	}
	fmt.Fprintf(b, "%sschedule: \"0 3 * * *\" # without a cursor every run reads the whole table: nightly, in UTC\n", indent)
}

// targetOf is the target's name where it is not the source's. Several schemas that go into one
// keep their tables apart by their own name.
func (d *draft) targetOf(schema, name string) string {
	if d.targetSchema == "" {
		return ""
	}
	_, tbl, found := strings.Cut(name, ".")
	if !found || strings.Contains(name, "`") {
		return "" // a name in backticks: left to its owner
	}
	for _, t := range d.tables {
		if t.name.Schema != schema {
			tbl = schema + "_" + tbl
			break
		}
	}
	return d.targetSchema + "." + tbl
}

func sizeLine(t *surveyed) string {
	rows := "about " + number(t.Rows) + " rows"
	if t.Rows == 0 {
		rows = "no estimate of its rows"
	}
	key := "none"
	if len(t.Key) > 0 {
		key = strings.Join(t.Key, ", ")
	}
	return fmt.Sprintf("%s: %s, %s. Key: %s.", t.Table, rows, size(t.Bytes), key)
}

// remarks are the cursor's candidates and the findings.
func (d *draft) remarks(b *strings.Builder, t *surveyed) {
	for _, c := range t.Candidates {
		comment(b, "  ", "cursor candidate: "+candidateText(c))
	}
	for _, f := range t.Findings {
		if t.Cursor == "" && f.Topic == table.TopicCursor && f.Column == "" {
			continue // the schedule's comment says it
		}
		comment(b, "  ", findingLine(f))
	}
}

func candidateText(c mysqldb.CursorCandidate) string {
	parts := []string{c.Column + " " + c.Type}
	switch {
	case c.OnUpdate:
		parts = append(parts, "ON UPDATE")
	case c.Integer:
		parts = append(parts, "finds new rows only: for tables whose rows never change")
	default:
		parts = append(parts, "no ON UPDATE: only if the application sets it with every change")
	}
	if c.Index == "" {
		parts = append(parts, "no index: every run would look at every row")
	} else {
		parts = append(parts, "index "+c.Index)
	}
	switch c.Nulls {
	case mysqldb.NullsNever:
	case mysqldb.NullsNone:
		parts = append(parts, "may be NULL, now it nowhere is")
	case mysqldb.NullsSome:
		parts = append(parts, "NULL in some rows, which would never be read")
	default:
		parts = append(parts, "may be NULL, not looked for in a table of this size")
	}
	return strings.Join(parts, "; ")
}

func findingLine(f table.Finding) string {
	text := map[table.Level]string{table.LevelRefuse: "cannot be synced", table.LevelWarn: "warning", table.LevelInfo: "note"}[f.Level] + ": " + f.Text
	if f.Remedy != "" {
		text += " → " + f.Remedy
	}
	return text
}

// plainScalar is a text that YAML takes for nothing but itself.
var plainScalar = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_$]+)?$`)

// reserved are words that YAML or its users take for something else.
var reserved = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"}

func scalarText(s string) string {
	if plainScalar.MatchString(s) && !slices.Contains(reserved, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}

// printSurvey says what was found, and what to do next.
func (a *app) printSurvey(d *draft, path string) {
	if a.json() {
		for _, t := range d.tables {
			a.printJSON(t)
		}
		return
	}
	if a.quiet {
		return
	}
	t := newGrid("Table", "Rows", "Size", "Key", "Cursor", "Remarks")
	t.right("Rows", "Size")
	for _, one := range d.tables {
		cursor, remarks := one.Cursor, ""
		switch {
		case one.Refused:
			remarks = a.paint(a.stdout, red, "cannot be synced")
		case cursor == "":
			cursor = "none"
		}
		if one.Family != "" {
			remarks = "as " + one.Family
		}
		rows := "?"
		if one.Rows > 0 {
			rows = number(one.Rows)
		}
		t.add(one.Table, rows, size(one.Bytes), strings.Join(one.Key, ", "), cursor, remarks)
	}
	a.printGrid(t)
	fmt.Fprintf(a.stdout, "%s is written: %d of %s, with remarks on each. Next:\n", path, d.usable(), plural(int64(len(d.tables)), "table"))
	fmt.Fprintf(a.stdout, "  tablehaul-standalone &       # or a worker, with TEMPORAL_ADDRESS\n  tablehaul plan --all\n  tablehaul run --all\n  tablehaul schedule apply\n")
}
