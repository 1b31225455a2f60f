package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Some values of a cursor lie below every watermark: NULL, and the zero date that a server stores where it is given
// none. A first load reads such rows once; when they change or new ones come, no run reads them again.

// nullCheckTime bounds the search for such a value in a cursor without an index.
const nullCheckTime = 10 * time.Second

// zeroDate is the literal of a temporal kind's zero value, or "" where the kind has none.
func zeroDate(k table.Kind) string {
	switch k {
	case table.KindDate:
		return "'0000-00-00'"
	case table.KindDateTime, table.KindTimestamp:
		return "'0000-00-00 00:00:00'"
	default:
		return ""
	}
}

// findValue searches for one row that the condition holds for, for at most nullCheckTime.
func (s *Source) findValue(ctx context.Context, t *schema.Table, name, condition string) (bool, error) {
	hint := ""
	if index := schema.CursorIndex(t, name); index != "" {
		hint = " FORCE INDEX (" + sqltext.Ident(index) + ")"
	}
	return fetch.FoundWithin(ctx, s.db, nullCheckTime, "FROM "+sqltext.Qualified(t.Name)+hint+" WHERE "+condition+
		" LIMIT 1")
}

// findNull searches for one NULL, for at most nullCheckTime.
func (s *Source) findNull(ctx context.Context, t *schema.Table, name string) (bool, error) {
	return s.findValue(ctx, t, name, sqltext.Ident(name)+" IS NULL")
}

// checkUnreadable searches for rows whose cursor lies below every watermark.
func (s *Source) checkUnreadable(ctx context.Context, f *findings, t *schema.Table, c *schema.Column) error {
	if c.Nullable {
		if err := s.checkValue(ctx, f, t, c, unreadable{
			condition: sqltext.Ident(c.Name) + " IS NULL", name: "NULL",
			possible: !c.IsComputed(), never: "make the column NOT NULL", remedy: nullRemedy(t, c),
		}); err != nil {
			return err
		}
	}
	zero := zeroDate(c.Kind)
	if zero == "" || c.IsPeriod() {
		return nil
	}
	return s.checkValue(ctx, f, t, c, unreadable{
		condition: sqltext.Ident(c.Name) + " = " + zero, name: "the zero date",
		possible: c.Default != nil && strings.HasPrefix(strings.Trim(*c.Default, "'"), "0000-00-00"),
		never:    "give the column another default, such as CURRENT_TIMESTAMP",
		remedy:   "give these rows a date, and the column another default than the zero date",
	})
}

// unreadable is a value of a cursor that lies below every watermark.
type unreadable struct {
	// condition finds it, name is its name in messages.
	condition, name string
	// possible says that rows get the value where no statement writes it.
	possible bool
	// never is how to keep it out, remedy what to do about rows that have it.
	never, remedy string
}

func (s *Source) checkValue(ctx context.Context, f *findings, t *schema.Table, c *schema.Column, u unreadable) error {
	found, err := s.findValue(ctx, t, c.Name, u.condition)
	switch {
	case mysqlerr.IsTimeLimit(err):
		if u.possible {
			f.add(table.LevelWarn, c.Name, table.TopicCursor, fmt.Sprintf("column %s may be %s, and it takes too long "+
				"to see whether it is: such rows are never read", c.Name, u.name), u.never)
		}
	case err != nil:
		return err
	case found:
		f.add(table.LevelRefuse, c.Name, table.TopicCursor,
			fmt.Sprintf("the cursor %s is %s in some rows, which would never be read", c.Name, u.name), u.remedy)
	case u.possible:
		f.add(table.LevelWarn, c.Name, table.TopicCursor, fmt.Sprintf("column %s may be %s, now it never is: a row "+
			"with %s is never read", c.Name, u.name, u.name), u.never)
	}
	return nil
}
