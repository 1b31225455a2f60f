package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Apply is the source as its target sees it: only the columns that travel, by their names on the target, and only the
// rows of the filter, each with what its values are made by. The table itself stays as it is. Cursor is the cursor's
// name at the source, empty for none.
//
// The findings refuse what cannot be, and say what the target does not get.
func (s *Settings) Apply(t *schema.Table, cursor string) (*schema.Table, table.Findings) {
	if s.IsZero() {
		return s.withMadeBy(t, t), nil
	}
	a := application{settings: s, source: t, cursor: cursor, out: new(schema.Table)}
	*a.out = *t
	a.out.Filter = s.Where
	a.check()
	a.columns()
	a.keys()
	return s.withMadeBy(a.out, t), a.findings
}

// Selected is the source with only those columns that travel, by their own names.
func (s *Settings) Selected(t *schema.Table) *schema.Table {
	if s.IsZero() {
		return t
	}
	out := *t
	out.Filter = s.Where
	out.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c schema.Column) bool { return !s.travels(c.Name) })
	return &out
}

// application is one call of Apply.
type application struct {
	settings *Settings
	source   *schema.Table
	cursor   string
	out      *schema.Table
	findings table.Findings
	// left are the columns of the source that the target does not get.
	left []string
}

func (a *application) refuse(column, text, remedy string) {
	a.findings.Add(a.source.Name, table.Finding{
		Level: table.LevelRefuse, Column: column, Text: text, Remedy: remedy, Topic: table.TopicMapping,
	})
}

func (a *application) note(column, text, remedy string) {
	a.findings.Add(a.source.Name, table.Finding{
		Level: table.LevelInfo, Column: column, Text: text, Remedy: remedy, Topic: table.TopicMapping,
	})
}

// columns are those that travel. A generated column that is computed of one that does not travel, or that has a mask,
// is left out with it: its values would tell what was to stay at the source.
func (a *application) columns() {
	a.leave()
	a.out.Columns = nil
	for _, c := range a.source.Columns {
		if table.HasColumn(a.left, c.Name) {
			continue
		}
		c, _ = a.masked(c)
		declared := a.declared(&c)
		if name := a.settings.TargetName(c.Name); name != c.Name {
			c.Name, c.From = name, c.SourceName()
		}
		c.As = declared
		if name := sqlexpr.Rename(c.Expression, a.settings.TargetName); name != c.Expression {
			c.Expression, c.SourceExpression = name, c.Expression
		}
		if c.Default != nil && strings.HasPrefix(*c.Default, "(") {
			a.expressionDefault(&c)
		}
		if other := a.out.Column(c.Name); other != nil {
			a.refuse(c.Name, fmt.Sprintf("columns.rename: two columns would be %s on the target: %s and %s", c.Name,
				other.SourceName(), c.SourceName()), "give one of them another name, or exclude it")
		}
		a.out.Columns = append(a.out.Columns, c)
	}
	a.add()
	if len(a.out.Columns) == 0 {
		a.refuse("", "columns: no column is left", "exclude fewer columns")
	}
}

// leave finds the columns that the target does not get.
func (a *application) leave() {
	for _, c := range a.source.Columns {
		if !a.settings.travels(c.Name) {
			a.left = append(a.left, c.Name)
		}
	}
	for more := true; more; {
		more = false
		for _, c := range a.source.Columns {
			if !c.IsComputed() || c.IsPeriod() || table.HasColumn(a.left, c.Name) {
				continue
			}
			if _, own := valueOf(a.settings.Mask, c.Name); own {
				continue // it is a plain column, with a mask of its own
			}
			for _, base := range sqlexpr.ColumnNames(c.Expression) {
				if _, masked := valueOf(a.settings.Mask, base); masked || table.HasColumn(a.left, base) {
					a.left, more = append(a.left, c.Name), true
					a.note(c.Name, fmt.Sprintf("column %s is computed of %s, and is left out with it", c.Name, base),
						"")
					break
				}
			}
		}
	}
}

// expressionDefault is the default of a column that an expression gives, in the target's names.
func (a *application) expressionDefault(c *schema.Column) {
	for _, base := range sqlexpr.ColumnNames(*c.Default) {
		if table.HasColumn(a.left, base) {
			a.note(c.Name, fmt.Sprintf("the default of %s is computed of %s, and is not created on the target", c.Name,
				base), "")
			c.Default = nil
			return
		}
	}
	def := sqlexpr.Rename(*c.Default, a.settings.TargetName)
	c.Default = &def
}

// keys are the primary key and the indexes in the target's names.
func (a *application) keys() {
	a.out.PrimaryKey = nil
	for _, key := range a.source.PrimaryKey {
		a.out.PrimaryKey = append(a.out.PrimaryKey, a.settings.TargetName(key))
	}
	a.out.Indexes = nil
	for _, index := range a.source.Indexes {
		index.Columns = slices.Clone(index.Columns)
		for i := range index.Columns {
			part := &index.Columns[i]
			used := sqlexpr.ColumnNames(part.Expression)
			if part.Expression == "" {
				used = []string{part.Column}
			}
			gone := slices.ContainsFunc(used, func(c string) bool { return table.HasColumn(a.left, c) })
			word := ""
			for _, c := range used {
				if w, ok := valueOf(a.settings.Mask, c); ok {
					word = w
				}
			}
			switch {
			case gone && part.Expression == "":
				// Pages may go along the index: its part stays, as an expression that is no column of the target.
				part.Expression, part.Column = sqltext.Ident(part.Column), ""
				index.SourceOnly = true
			case gone:
				index.SourceOnly = true
			case word != "" && (part.Expression != "" || !strings.EqualFold(index.Type, "BTREE")):
				index.SourceOnly = true
			case part.Expression != "":
				part.Expression = sqlexpr.Rename(part.Expression, a.settings.TargetName)
			default:
				part.Column = a.settings.TargetName(part.Column)
				if word == mask.HMAC {
					part.Prefix = 0 // of a digest it would be none
				}
			}
		}
		a.out.Indexes = append(a.out.Indexes, index)
	}
}
