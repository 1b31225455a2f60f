package layout

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DefaultPath is how dlt names its files unless a pipeline says otherwise.
const DefaultPath = "{table_name}/{load_id}.{file_id}.{ext}"

// dltPath finds a table's files by dlt's layout of names, and what their names say.
type dltPath struct {
	text    string
	pattern *regexp.Regexp
	// prefix begins the key of every file.
	prefix string
	// schema, load and ext are groups of the pattern; schema is 0 where names do not have it.
	schema, load, ext int
}

var (
	placeholder = regexp.MustCompile(`\{[^{}]*\}`)
	// dltValues are what stands for a placeholder. Dates and times have no slash.
	dltValues = map[string]string{
		"schema_name": `([^/]+)`, "load_id": `(\d+\.\d+)`, "file_id": `[0-9A-Za-z-]+`, "ext": `([0-9a-z_-]+(?:\.gz)?)`,
	}
	dltDates = regexp.MustCompile(`^(Y+|M+|D+|H+|m+|d+|s+|S+|Q|curr_date|(load_package_)?timestamp(_ms)?)$`)
)

// parseDLTPath reads a layout as dlt's destination filesystem has it. It refuses layouts whose names do not say to
// which load a file belongs.
func parseDLTPath(text, table string) (dltPath, error) {
	p := dltPath{text: text}
	if !strings.Contains(text, "{ext}") {
		text += ".{ext}" // as dlt does
	}
	table = regexp.QuoteMeta(table)
	groups, end, before := 0, 0, ""
	var b strings.Builder
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		name := text[at[0]+1 : at[1]-1]
		literal := text[end:at[0]]
		if literal == "" && (before == "load_id" || name == "load_id" && before != "") {
			return dltPath{}, refuse("path: %q has nothing between {%s} and {%s}", p.text, before, name)
		}
		b.WriteString(regexp.QuoteMeta(literal))
		value := dltValues[name]
		switch {
		case name == "table_name":
			value = table
		case value == "" && dltDates.MatchString(name):
			value = `[^/]+`
		case value == "":
			value = `.+` // a placeholder of the pipeline's own
		}
		if strings.HasPrefix(value, "(") {
			groups++
			p.group(name, groups)
		}
		b.WriteString(value)
		end, before = at[1], name
	}
	b.WriteString(regexp.QuoteMeta(text[end:]))
	if p.load == 0 || !strings.Contains(text, "{table_name}") {
		return dltPath{}, refuse("path: %q has no {table_name} or no {load_id}: without both, no name says which load "+
			"of which table a file belongs to", p.text)
	}
	p.pattern = regexp.MustCompile("^" + b.String() + "$")
	p.prefix, _ = p.pattern.LiteralPrefix()
	return p, nil
}

func (p *dltPath) group(name string, n int) {
	switch {
	case name == "schema_name" && p.schema == 0:
		p.schema = n
	case name == "load_id" && p.load == 0:
		p.load = n
	case name == "ext" && p.ext == 0:
		p.ext = n
	}
}

// read is what a key says; ok is false where it is no file of the table.
func (p dltPath) read(key string) (schema, load, ext string, ok bool) {
	m := p.pattern.FindStringSubmatch(key)
	if m == nil {
		return "", "", "", false
	}
	if p.schema > 0 {
		schema = m[p.schema]
	}
	return schema, m[p.load], m[p.ext], true
}

// lastSecond is the end of the year 9999: JSON has no later times.
const lastSecond = 253_402_300_799

// loadTime is a load_id as the time that it is: seconds since 1970 with up to nine decimals. dlt's ids are of different
// lengths, and grow as numbers.
func loadTime(id string) (time.Time, bool) {
	whole, fraction, ok := strings.Cut(id, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if !ok || err != nil || fraction == "" || len(fraction) > 9 {
		return time.Time{}, false
	}
	nanos, err := strconv.ParseInt(fraction+strings.Repeat("0", 9-len(fraction)), 10, 64)
	if err != nil || nanos < 0 || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(seconds, nanos).UTC(), true
}
