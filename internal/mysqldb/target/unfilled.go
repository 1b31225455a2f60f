package target

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// unfilledTime bounds the look for a NULL in one column.
const unfilledTime = 2 * time.Second

// Unfilled are those of the columns, the source's, that are never NULL there and are NULL in a row of the target: the
// target got them later, and old rows were not filled. It looks for two seconds a column at most, and leaves out a
// column where that is too short.
func (t *Target) Unfilled(ctx context.Context, name table.Name, columns []table.Column) (out []string, err error) {
	have, err := schema.Read(ctx, t.DB, name)
	if err != nil {
		return nil, err
	}
	for _, c := range columns {
		to := have.Column(c.Name)
		if to == nil || !to.Nullable || c.Nullable {
			continue
		}
		found, err := fetch.FoundWithin(ctx, t.DB, unfilledTime, "FROM "+sqltext.Qualified(name)+" WHERE "+
			sqltext.Ident(to.Name)+" IS NULL LIMIT 1")
		switch {
		case mysqlerr.IsTimeLimit(err):
		case err != nil:
			return out, err
		case found:
			out = append(out, to.Name)
		}
	}
	return out, nil
}
