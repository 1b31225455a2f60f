package fetch

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
	"github.com/tablehaul/tablehaul/internal/table"
)

// answerTime is how long after its time limit a statement may stay without an answer, until its connection is closed.
const answerTime = 30 * time.Second

// RowsWithin is Rows for a SELECT that may have to look at many rows; query is what follows the word. The server ends
// it by itself after the limit, or when ctx is to end where that is sooner: no statement runs on there for a caller
// that has gone. [mysqlerr.IsTimeLimit] tells such an end.
func RowsWithin(ctx context.Context, d mysqldb.Reader, limit time.Duration, query string, exprs []sqltext.Expr,
	dst *table.Rows, maxBytes int,
) (Stats, error) {
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end))
	}
	limit = max(limit, time.Millisecond) // 0 is none
	ctx = wire.WithReadTimeout(ctx, limit+answerTime)
	query = sqltext.SelectWithin(d.ServerInfo(), limit) + query
	var began time.Time
	stats, err := appendRows(exprs, dst, maxBytes, func(read func(driver.Rows) error) error {
		return raw(queryText(ctx, query), read, func(f func(driver.QueryerContext) error) error {
			return d.QueryRaw(ctx, func(conn driver.QueryerContext) error {
				began = time.Now() // a wait for the connection is none of the statement
				return f(conn)
			})
		})
	})
	// MariaDB sometimes ends a statement at its time limit as if there were no more rows.
	if err == nil && d.ServerInfo().Flavor == mysqldb.FlavorMariaDB && time.Since(began) >= limit*9/10 {
		err = mysqlerr.TimeLimit()
	}
	return stats, err
}

// RowWithin is Row for such a SELECT.
func RowWithin(
	ctx context.Context, d mysqldb.Reader, limit time.Duration, query string, exprs []sqltext.Expr,
) ([]string, error) {
	rows := table.NewRows(len(exprs))
	_, err := RowsWithin(ctx, d, limit, query, exprs, rows, anyBytes)
	return firstRow(rows, err)
}

// FoundWithin reports whether such a SELECT has a row.
func FoundWithin(ctx context.Context, d mysqldb.Reader, limit time.Duration, query string) (bool, error) {
	row, err := RowWithin(ctx, d, limit, "1 "+query, []sqltext.Expr{{SQL: "1", Kind: table.KindInt}})
	return row != nil, err
}
