package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A column that the source computes can be a cursor: COALESCE(updated_at, created_at) of a table
// whose updated_at is NULL until the first update. Its values travel like those of a plain column,
// and the target gets a plain one, since chunks compare with it.

// changesWithRow reports whether a column's value changes only when its row does: it is a plain
// column, or stored, or what an index stores.
func changesWithRow(t *schema.Table, c *schema.Column) bool {
	switch {
	case c.Expression == "ROW START":
		return c.Kind == table.KindTimestamp // by numbers of transactions otherwise
	case c.Expression == "ROW END":
		return false
	}
	return !c.IsComputed() || c.Stored || schema.CursorIndex(t, c.Name) != ""
}

// fold is how much a clock is set back where daylight saving ends.
const fold = time.Hour

func (f *findings) aboutComputed(c *schema.Column, overlap time.Duration) {
	if c.IsPeriod() {
		return // the server sets it with every change of a row
	}
	f.add(table.LevelInfo, c.Name, table.TopicCursor,
		fmt.Sprintf("the cursor %s is computed by the source: it must change whenever a row does", c.Name), "")
	if c.Kind == table.KindTimestamp && overlap <= fold {
		f.add(table.LevelWarn, c.Name, table.TopicCursor, fmt.Sprintf("the cursor %s is computed in the time zone of "+
			"the session that writes a row: where daylight saving ends, an hour comes twice", c.Name),
			"set overlap above 1h, or compute it from DATETIME columns")
	}
}

// nullRemedy is what to do about a cursor that is NULL in some rows.
func nullRemedy(t *schema.Table, c *schema.Column) string {
	if c.IsComputed() {
		return "compute it so that it never is NULL"
	}
	created := creationColumn(t, c)
	if created == "" {
		return "give these rows a value and make the column NOT NULL"
	}
	name := freeName(t, c.Name+"_or_"+created)
	// MySQL computes the column once before it fills in a default, and refuses the zero date that it
	// meets: every INSERT without a value for the column would fail.
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s GENERATED ALWAYS AS (COALESCE(%s, IF(%[5]s > '1971-01-01', "+
		"%[5]s, NULL))) STORED, ADD INDEX (%[2]s), and cursor: %[6]s; or give these rows a value and make the column "+
		"NOT NULL", sqltext.Qualified(t.Name), sqltext.Ident(name), c.Type, sqltext.Ident(c.Name),
		sqltext.Ident(created), name)
}

// createdName are names of columns that hold when a row was made.
var createdName = regexp.MustCompile(`(?i)creat|insert|added|born`)

// creationColumn is the column of a cursor's own type that holds when a row was made, or "".
func creationColumn(t *schema.Table, cursor *schema.Column) string {
	best, worth := "", 0
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind != cursor.Kind || c.Precision != cursor.Precision || c.Nullable || c.IsComputed() ||
			c.OnUpdate != "" ||
			c.Kind.IsInteger() {
			continue
		}
		n := 0
		if c.Default != nil && schema.IsCurrentTimestamp(c, *c.Default) {
			n++
		}
		if createdName.MatchString(c.Name) {
			n += 2
		}
		if n > worth {
			best, worth = c.Name, n
		}
	}
	return best
}

// freeName is a column's name that the table does not have.
func freeName(t *schema.Table, name string) string {
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60])
	}
	free := name
	for n := 2; t.Column(free) != nil; n++ {
		free = fmt.Sprintf("%s_%d", name, n)
	}
	return free
}

// coalesced matches an expression that is the first of some values that is not NULL.
var coalesced = regexp.MustCompile("(?is)^\\(*(?:coalesce|ifnull)\\(`((?:[^`]|``)+)`")

// followsUpdates reports whether the server changes a column with every change of its row: by ON
// UPDATE, as the beginning of a versioned row, or computed from such a column wherever that has a value.
func followsUpdates(t *schema.Table, c *schema.Column) bool {
	switch {
	case c.Expression == "ROW START":
		return true
	case !c.IsComputed():
		return c.OnUpdate != ""
	}
	m := coalesced.FindStringSubmatch(c.Expression)
	if m == nil {
		return false
	}
	from := t.Column(strings.ReplaceAll(m[1], "``", "`"))
	return from != nil && from.OnUpdate != "" &&
		slices.Contains([]table.Kind{table.KindDateTime, table.KindTimestamp}, c.Kind)
}
