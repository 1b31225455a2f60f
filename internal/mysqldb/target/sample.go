package target

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// sampleRows is how many rows of each kind an expression is tried on, sampleBytes their size.
	sampleRows  = 200
	sampleBytes = 1 << 20
	// sampleTime bounds each query for them.
	sampleTime = 3 * time.Second
)

// sample reads rows of the source to try a generated column on: values of base, then the column's
// own. They are the first and the last by key, and some for which the column holds something else
// than its expression gives, as a value that was rounded or cut to the column's type. trouble is
// the error's number where the source itself cannot compute the column or its expression.
func (d *ddl) sample(ctx context.Context, src mysqldb.Reader, c *schema.Column,
	base []*schema.Column,
) (rows *table.Rows, trouble uint16, err error) {
	bytes := func(of string) string { return "CAST(" + of + " AS BINARY)" }
	other := " WHERE NOT (" + bytes(sqltext.Column(c.Column)) + " <=> " + bytes("("+c.AtSource()+")") + ")"
	return d.readSample(ctx, src, append(slices.Clone(base), c), other)
}

// readSample reads the first rows, the last rows, and those of a condition (" WHERE …", "" for none).
func (d *ddl) readSample(ctx context.Context, src mysqldb.Reader, columns []*schema.Column,
	other string,
) (rows *table.Rows, trouble uint16, err error) {
	exprs := make([]sqltext.Expr, len(columns))
	list := make([]string, len(columns))
	for i, c := range columns {
		exprs[i] = sqltext.Value(src.ServerInfo(), c.Column)
		list[i] = exprs[i].SQL
	}
	from := strings.Join(list, ", ") + " FROM " + sqltext.Qualified(d.source.Name)
	up, down := "", ""
	if primary := d.source.AtSource().PrimaryKey; len(primary) > 0 {
		key := d.source.SourceIdents(primary)
		up = " ORDER BY " + strings.Join(key, ", ")
		down = " ORDER BY " + strings.Join(key, " DESC, ") + " DESC"
	}
	rows = table.NewRows(len(exprs))
	for n, rest := range []string{up, down, other} {
		if n == 2 && other == "" {
			break
		}
		_, err := fetch.RowsWithin(ctx, src, sampleTime, from+rest+fmt.Sprintf(" LIMIT %d", sampleRows), exprs, rows,
			(n+1)*sampleBytes)
		switch {
		case err == nil, mysqlerr.IsTimeLimit(err):
		case mysqlerr.NumberOf(err) == 0:
			return nil, 0, err
		case mysqlerr.Classify(err) == mysqlerr.ClassConfiguration, rest == other &&
			mysqlerr.NumberOf(err) != mysqlerr.ErrNumericRange:
			// No SELECT, which the source's preflight says, or an expression that is no SQL by itself.
		default:
			return nil, mysqlerr.NumberOf(err), nil
		}
	}
	return rows, 0, nil
}
