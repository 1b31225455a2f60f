package mapping

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// add appends the columns that the source does not have.
func (a *application) add() {
	for i, p := range a.settings.Add {
		path := "columns.add." + p.Column
		if problem := sqlexpr.Check(p.Value); problem != nil {
			a.refuse(p.Column, path+" "+problem.Text, problem.Remedy)
			continue
		}
		if a.out.Column(p.Column) != nil {
			a.refuse(p.Column, path+": the target has a column of that name from the source already",
				"give it another name, or rename or exclude the other")
			continue
		}
		if i >= len(a.settings.Added) {
			continue // the source was not asked: it refuses the expression
		}
		c := schema.Column{Column: a.settings.Added[i].Column}
		c.Name, c.Expr = p.Column, p.Value
		declared := a.declared(&c)
		switch {
		case declared == nil:
		case declared.Kind == c.Kind && (c.Kind == table.KindString || c.Kind == table.KindBytes):
			c.Type, c.Length = declared.Type, declared.Length // no server tells how long the texts of an expression are
		default:
			c.As = declared
		}
		a.out.Columns = append(a.out.Columns, c)
	}
}

// declared is the type that the settings give a column on the target; nil for none.
func (a *application) declared(c *schema.Column) *table.Column {
	text, ok := valueOf(a.settings.Type, c.SourceName())
	if !ok {
		return nil
	}
	as, err := schema.ParseType(text, c.Column)
	if err != nil {
		a.refuse(c.Name, fmt.Sprintf("columns.type.%s: %s", c.SourceName(), err),
			"write a type such as bigint unsigned, decimal(20,4), varchar(40) or datetime(6)")
		return nil
	}
	return &as
}

// checkTypes refuses types of columns that there are not.
func (a *application) checkTypes() {
	for _, p := range a.settings.Type {
		if _, added := valueOf(a.settings.Add, p.Column); !added {
			a.known("type", p.Column)
		}
	}
}
