package upsert

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// countRows bounds the keys of one counting statement. MariaDB turns an IN list of 1,000 into a
// join with a temporary table, and the range optimizers of both servers refuse long lists.
const countRows = 500

// countExisting counts which keys at positions [from, to) the target has, in the transaction that
// writes them. The server's row count alone cannot tell inserted rows from updated ones.
func (w *writer) countExisting(ctx context.Context, from, to int) error {
	for from < to {
		next, err := w.listKeys(from, to)
		if err != nil {
			return err
		}
		newer, err := w.newerCondition(from, next)
		if err != nil {
			return err
		}
		var n int64
		var kept sql.NullInt64
		what := "COUNT(*), NULL"
		if newer != "" {
			what = "COUNT(*), SUM(" + newer + ")"
		}
		if err := w.conn.QueryRowContext(ctx, w.selectListed(what)).Scan(&n, &kept); err != nil {
			return err
		}
		if kept.Int64 > 0 {
			w.maybeNewer = append(w.maybeNewer, span{from, next})
		}
		w.existing += n
		from = next
	}
	return nil
}

// sortsLikeServer reports whether the server orders the values of the first key column as we do, so
// that our smallest and largest are the server's too.
func (w *writer) sortsLikeServer() bool {
	from, to := w.plan.columns[w.plan.key[0]], w.plan.targets[w.plan.key[0]]
	if from.Kind != to.Kind || from.RawCharset {
		return false
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindYear, table.KindBit,
		table.KindDate, table.KindDateTime, table.KindTimestamp, table.KindBytes:
		return true
	case table.KindString:
		return schema.IsExactCollation(to.Collation) && strings.HasPrefix(to.Charset, "utf8")
	default:
		return false
	}
}

// hasNoRowBetween reports whether the target has no key between the chunk's smallest and largest.
// That is the usual case of a first load, and takes one index lookup.
func (w *writer) hasNoRowBetween(ctx context.Context) (bool, error) {
	stmt := []byte("SELECT 1 FROM " + sqltext.Qualified(w.plan.target.Name) +
		" WHERE " + sqltext.Ident(w.plan.target.PrimaryKey[0]) + " BETWEEN ")
	stmt, err := w.appendKeyValue(stmt, w.order[0], 0)
	if err != nil {
		return false, err
	}
	if stmt, err = w.appendKeyValue(append(stmt, " AND "...), w.order[len(w.order)-1], 0); err != nil {
		return false, err
	}
	var one int
	err = w.conn.QueryRowContext(ctx, string(stmt)+" LIMIT 1").Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}
