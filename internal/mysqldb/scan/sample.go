package scan

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Sample is a few rows of a source that show whether a target is a copy of it: the
// values of the primary key and of the cursor.
type Sample struct {
	columns []table.Column
	rows    *table.Rows
}

// Len is how many rows there are.
func (s Sample) Len() int { return s.rows.Len() }

// sampleTime bounds the look for a sample, and the count of its rows.
const sampleTime = 40 * time.Second

// LastRows reads the rows with the highest cursor values up to watermark (inclusive), at most n; an
// empty watermark is no bound. The cursor is not the empty string.
func LastRows(ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor, watermark string, n int) (Sample, error) {
	s, err := lastRows(ctx, d, t, cursor, watermark, n)
	if err != nil {
		return Sample{}, fmt.Errorf("read the last rows of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	return s, nil
}

func lastRows(ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor, watermark string, n int) (Sample, error) {
	c := t.Column(cursor)
	if c == nil {
		return Sample{}, fmt.Errorf("cursor %s: %w", cursor, errNoSuchColumn)
	}
	var s Sample
	for _, key := range t.PrimaryKey {
		// Equality of a FLOAT's text and its value is not certain: the other columns must do.
		if k := t.Column(key); k != nil && k.Kind != table.KindFloat && key != cursor {
			s.columns = append(s.columns, k.Column)
		}
	}
	s.columns = append(s.columns, c.Column)
	exprs := make([]sqltext.Expr, len(s.columns))
	list := make([]string, len(s.columns))
	for i, col := range s.columns {
		exprs[i] = sqltext.Value(d.ServerInfo(), col)
		list[i] = exprs[i].SQL
	}
	where := ""
	if watermark != "" {
		literal, err := sqltext.Comparand(c.Column)
		if err != nil {
			return Sample{}, err
		}
		top, err := literal(watermark)
		if err != nil {
			return Sample{}, err
		}
		where = " WHERE " + sqltext.Column(c.Column) + " <= " + top
	}
	if t.Filter != "" {
		where = " WHERE (" + t.Filter + ")" + strings.Replace(where, " WHERE ", " AND ", 1)
	}
	from := sqltext.Qualified(t.Name)
	if index := schema.CursorIndex(t, cursor); index != "" {
		from += " FORCE INDEX (" + sqltext.Ident(index) + ")"
	}
	s.rows = table.NewRows(len(exprs))
	_, err := fetch.RowsWithin(ctx, d, sampleTime, fmt.Sprintf("%s FROM %s%s ORDER BY %s DESC LIMIT %d",
		strings.Join(list, ", "), from, where, sqltext.Column(c.Column), n), exprs, s.rows, 1<<20)
	return s, err
}

// CountSample counts the rows of a sample that a table has with the same key and cursor, or with a
// newer cursor where orNewer is set. A table that lacks one of the columns has none.
func CountSample(ctx context.Context, d mysqldb.Reader, target *schema.Table, s Sample, orNewer bool) (int, error) {
	n, err := countSample(ctx, d, target, s, orNewer)
	if err != nil {
		return 0, fmt.Errorf("look for rows in %s: %w", target.Name, mysqlerr.Safe(err))
	}
	return n, nil
}

func countSample(
	ctx context.Context, d mysqldb.Reader, target *schema.Table, s Sample, orNewer bool,
) (n int, err error) {
	if s.Len() == 0 {
		return 0, nil
	}
	appenders := make([]sqltext.Appender, len(s.columns))
	for i, c := range s.columns {
		to := target.Column(c.Name)
		if to == nil {
			return 0, nil
		}
		if appenders[i], err = sqltext.NewAppender(c, to.Column); err != nil {
			return 0, err
		}
	}
	var where []byte
	for row := range s.Len() {
		if row > 0 {
			where = append(where, " OR "...)
		}
		where = append(where, '(')
		for i, c := range s.columns {
			if i > 0 {
				where = append(where, " AND "...)
			}
			equals := " = "
			if orNewer && i == len(s.columns)-1 { // the cursor
				equals = " >= "
			}
			where = append(where, sqltext.Column(target.Column(c.Name).Column)+equals...)
			if where, err = appenders[i](where, s.rows.Value(row, i)); err != nil {
				return 0, err
			}
		}
		where = append(where, ')')
	}
	if len(target.Fixed) > 0 { // others may have the same keys
		where = append(append([]byte(target.Filter+" AND ("), where...), ')')
	}
	count := []sqltext.Expr{{SQL: "COUNT(*)", Kind: table.KindInt}}
	found, err := fetch.RowWithin(ctx, d, sampleTime, "COUNT(*) FROM "+sqltext.Qualified(target.Name)+" WHERE "+
		string(where), count)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(found[0])
}
