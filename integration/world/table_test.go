package world_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// A tablePlan is one table of a world: what it looks like, and how it is configured.
type tablePlan struct {
	name   string
	key    keyKind
	cursor cursorKind
	rows   int // before the first run
	// gate makes every INSERT look into the table gate, from a trigger.
	gate bool
	// unique tables have a column u of unique values, which rows exchange.
	unique bool
	// settings are YAML for the table's entry, such as ", overlap: 0s".
	settings string
	create   string

	mu      sync.Mutex
	columns []column        // ALTER TABLE changes them
	forms   map[string]form // of all columns that it has ever had
}

// A keyKind is a kind of primary key.
type keyKind struct {
	name    string
	columns []column
	// of makes the key of an ordinal number; nil lets the server count.
	of func(n int) []any
}

func keyColumn(name, ddl string, f form) column { return column{name: name, ddl: ddl, form: f} }

func wordKey(n int) []any {
	return []any{fmt.Sprintf("%d-%s", n, []string{"Zoë", "straße", "ÅNGSTRÖM", "x", "日本"}[n%5])}
}

var keys = []keyKind{
	{"counted", []column{keyColumn("id", "BIGINT NOT NULL AUTO_INCREMENT", asNumber)}, nil},
	{
		"integer",
		[]column{keyColumn("id", "INT UNSIGNED NOT NULL", asNumber)},
		func(n int) []any { return []any{int64(n) * 7919 % 4000000007} },
	},
	{"text, general_ci", []column{keyColumn("id", "VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL", asText)}, wordKey},
	{"text, unicode_ci", []column{keyColumn("id", "VARCHAR(40) COLLATE utf8mb4_unicode_ci NOT NULL", asText)}, wordKey},
	{"text, bin", []column{keyColumn("id", "VARCHAR(40) COLLATE utf8mb4_bin NOT NULL", asText)}, wordKey},
	{
		"composite",
		[]column{keyColumn("region", "CHAR(3) NOT NULL", asText), keyColumn("no", "INT NOT NULL", asNumber)},
		func(n int) []any {
			return []any{[]string{"eu", "US", "ap", "me"}[n%4], int64(n / 4)}
		},
	},
	{"day and number", []column{
		keyColumn("day", "DATE NOT NULL", asText),
		keyColumn("no", "SMALLINT UNSIGNED NOT NULL", asNumber),
	}, func(n int) []any {
		return []any{fmt.Sprintf("2024-%02d-%02d", 1+n%12, 1+n%28), int64(n)}
	}},
	{"binary", []column{keyColumn("id", "BINARY(8) NOT NULL", asBytes)}, func(n int) []any {
		b := make([]byte, 8)
		for i, m := 0, uint64(n)*0x9e3779b97f4a7c15; i < 8; i, m = i+1, m>>8 { //nolint:gosec // n is not negative
			b[i] = byte(m)
		}
		return []any{b}
	}},
	{
		"varbinary",
		[]column{keyColumn("id", "VARBINARY(20) NOT NULL", asBytes)},
		func(n int) []any { return []any{fmt.Appendf(nil, "%x\x00%d", n%3, n)} },
	},
}

func drawTable(r *rand.Rand, name string) *tablePlan {
	t := &tablePlan{
		name: name, key: pick(r, keys...), rows: pick(r, 0, 3, 200, 900), gate: often(r, 25),
		forms: map[string]form{},
	}
	t.cursor = drawCursor(r, t.key)
	for i := range 1 + r.IntN(7) {
		t.columns = append(t.columns, drawColumn(r, fmt.Sprintf("c%d", i)))
	}
	// rows of a day that swap values come the next day
	if !t.cursor.insertOnly && !t.cursor.days && t.cursor.column != "" && often(r, 25) {
		t.unique, t.settings = true, ", uniqueConflicts: replace"
		t.know(column{name: "u", form: asText})
	}
	if unit, ok := strings.CutPrefix(t.cursor.name, "epoch in "); ok && often(r, 50) {
		t.settings += ", cursorUnit: " + unit
	}
	t.know(t.columns...)
	t.create = t.draw(r)
	return t
}

func (t *tablePlan) draw(r *rand.Rand) string {
	var lines, names []string
	for _, c := range t.key.columns {
		lines, names = append(lines, c.definition()), append(names, c.name)
	}
	lines = append(lines, "w SMALLINT NOT NULL", "v INT NOT NULL")
	for _, c := range t.columns {
		lines = append(lines, c.definition())
	}
	if t.unique {
		lines = append(lines, "u VARCHAR(30) COLLATE utf8mb4_bin NULL")
	}
	if often(r, 40) {
		lines = append(lines, "g BIGINT AS (v * 2 + w) "+pick(r, "STORED", "VIRTUAL"))
	}
	if t.cursor.ddl != "" {
		lines = append(lines, t.cursor.column+" "+t.cursor.ddl)
	}
	if often(r, 30) {
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		// a generated column may stand before what it is made of on MySQL only
		g := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "g ") })
		if g >= 0 {
			lines = append(slices.Delete(slices.Clone(lines), g, g+1), lines[g])
		}
	}
	lines = append(lines, "PRIMARY KEY ("+strings.Join(names, ", ")+")", "KEY by_writer (w, v)")
	if t.unique {
		lines = append(lines, "UNIQUE KEY only (u)")
	}
	if t.cursor.ddl != "" {
		lines = append(lines, "KEY by_cursor ("+t.cursor.column+")")
	}
	return fmt.Sprintf("CREATE TABLE %s (\n  %s\n) DEFAULT CHARSET=utf8mb4 COLLATE=%s", t.name,
		strings.Join(lines, ",\n  "),
		pick(r, "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin"))
}

// now is a copy of the columns that the table has.
func (t *tablePlan) now() []column {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.columns)
}

func (t *tablePlan) alter(change func([]column) []column) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.columns = change(slices.Clone(t.columns))
}

// form says how a column's values are compared.
func (t *tablePlan) form(name string) form {
	for _, c := range t.key.columns {
		if c.name == name {
			return c.form
		}
	}
	if name == t.cursor.column {
		return asMoment
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if f, ok := t.forms[name]; ok {
		return f
	}
	return asNumber // w, v, g
}

func (t *tablePlan) know(columns ...column) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range columns {
		t.forms[c.name] = c.form
	}
}
