package upsert

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// countRows bounds the keys of one counting statement. MariaDB turns an IN list of 1,000 into a
// join with a temporary table, and the range optimizers of both servers refuse long lists.
const countRows = 500

// countExisting counts which keys at positions [from, to) the target has, in the transaction that
// writes them. The server's row count alone cannot tell inserted rows from updated ones. Lists of a larger batch,
// which a distant server gets, go into one statement.
func (w *writer) countExisting(ctx context.Context, from, to int) error {
	for from < to {
		var lists []span
		var query []byte
		for at := from; at < to && (len(lists) == 0 || int64(len(query)) < w.plan.maxBytes/4); {
			next, err := w.listKeys(at, to)
			if err != nil {
				return err
			}
			newer, err := w.newerCondition(at, next)
			if err != nil {
				return err
			}
			what := "COUNT(*), NULL"
			if newer != "" {
				what = "COUNT(*), SUM(" + newer + ")"
			}
			if len(lists) > 0 {
				query = append(query, " UNION ALL "...)
			}
			query = append(query, w.selectListed(strconv.Itoa(len(lists))+", "+what)...)
			lists = append(lists, span{at, next})
			at = next
		}
		if err := w.countLists(ctx, string(query), lists); err != nil {
			return err
		}
		from = lists[len(lists)-1].to
	}
	return nil
}

// countLists runs a statement of countExisting, which has a row for each list of keys.
func (w *writer) countLists(ctx context.Context, query string, lists []span) error {
	rows, err := w.conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // an error of it follows from one of Next
	for rows.Next() {
		var list int
		var n int64
		var kept sql.NullInt64
		if err := rows.Scan(&list, &n, &kept); err != nil {
			return err
		}
		if kept.Int64 > 0 {
			w.maybeNewer = append(w.maybeNewer, lists[list])
		}
		w.existing += n
	}
	return rows.Err()
}

// boundColumn is the place in the key of the first column in which the chunk's rows differ, as far as the values before
// it, which are the same in all of them, may be compared as they are: a tenant, say, or the source of the rows.
func (w *writer) boundColumn() (n int) {
	first, last := int(w.order[0]), int(w.order[len(w.order)-1])
	for n < len(w.plan.key)-1 {
		i := w.plan.key[n]
		from, to := w.plan.columns[i], w.plan.targets[i]
		plain := from.Kind == to.Kind && !from.RawCharset && slices.Contains([]table.Kind{
			table.KindInt, table.KindUint, table.KindString, table.KindBytes,
		}, from.Kind)
		if !plain || !bytes.Equal(w.rows.Value(first, i), w.rows.Value(last, i)) {
			break
		}
		n++
	}
	return n
}

// sortsLikeServer reports whether the server orders the values of the key's bound column as we do, so
// that our smallest and largest are the server's too.
func (w *writer) sortsLikeServer() bool {
	n := w.plan.key[w.boundColumn()]
	from, to := w.plan.columns[n], w.plan.targets[n]
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
func (w *writer) hasNoRowBetween(ctx context.Context) (_ bool, err error) {
	bound, first := w.boundColumn(), w.order[0]
	stmt := []byte("SELECT 1 FROM " + sqltext.Qualified(w.plan.target.Name) + " WHERE ")
	for n := range bound {
		stmt = append(stmt, sqltext.Ident(w.plan.target.PrimaryKey[n])+" = "...)
		if stmt, err = w.appendKeyValue(stmt, first, n); err != nil {
			return false, err
		}
		stmt = append(stmt, " AND "...)
	}
	stmt = append(stmt, sqltext.Ident(w.plan.target.PrimaryKey[bound])+" BETWEEN "...)
	if stmt, err = w.appendKeyValue(stmt, first, bound); err != nil {
		return false, err
	}
	if stmt, err = w.appendKeyValue(append(stmt, " AND "...), w.order[len(w.order)-1], bound); err != nil {
		return false, err
	}
	var one int
	err = w.conn.QueryRowContext(ctx, string(stmt)+" LIMIT 1").Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}
