package upsert

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// countRows bounds the keys of one counting statement. MariaDB turns an IN list of 1,000 into
// a join with a temporary table, and both servers' range optimizers give up on long ones.
const countRows = 500

// countExisting counts which keys at positions [from, to) the target has, in the transaction
// that writes them: the server's row count alone cannot tell inserted from updated.
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

// sortsLikeServer reports whether the first key column's smallest and largest value of ours
// are the server's too.
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

// hasNoRowBetween reports whether the target holds no key between the transaction's smallest
// and largest: the usual case of a first load, answered by one look into the index.
func (w *writer) hasNoRowBetween(ctx context.Context) (bool, error) {
	stmt := []byte("SELECT 1 FROM " + sqltext.Qualified(w.plan.target.Name) + " WHERE " + sqltext.Ident(w.plan.target.PrimaryKey[0]) + " BETWEEN ")
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

// selectListed is the statement that asks what of the target's rows with the keys that were listed.
// The index is forced because stale statistics can talk the servers out of it.
func (w *writer) selectListed(what string) string {
	return "SELECT " + what + " FROM " + sqltext.Qualified(w.plan.target.Name) + " FORCE INDEX (PRIMARY) WHERE " + string(w.keyList)
}

// keysAtOnce bounds the keys that one statement lists, of those at positions [from, end).
func (w *writer) keysAtOnce(from, end int) int { return min(end-from, countRows, w.plan.maxRows) }

// listKeys lists the keys from position from on, before end, one by one, and returns the position
// after the last one.
func (w *writer) listKeys(from, end int) (to int, err error) {
	return w.listRows(from, end, false)
}

// listRows is listKeys, or lists the keys with the cursor of each row.
func (w *writer) listRows(from, end int, withCursor bool) (to int, err error) {
	p := w.plan
	// A row constructor in IN is a range read on both servers, and several times as fast as
	// an OR of ANDs.
	last := from + w.keysAtOnce(from, end)
	exprs, byNumber := make([]string, len(p.key)), make([]bool, len(p.key))
	for n := range p.key {
		exprs[n], byNumber[n] = w.keyExpr(n, from, last)
	}
	if withCursor {
		exprs = append(exprs, sqltext.Ident(p.targets[p.cursor].Name))
	}
	w.keyList = append(w.keyList[:0], "("+strings.Join(exprs, ", ")+") IN ("...)
	for to = from; to < last; to++ {
		if to > from {
			if int64(len(w.keyList)) > p.maxBytes/2 {
				break
			}
			w.keyList = append(w.keyList, ',')
		}
		if err := w.appendKey(w.order[to], byNumber); err != nil {
			return to, err
		}
		if withCursor {
			w.keyList = append(w.keyList[:len(w.keyList)-1], ',')
			if w.keyList, err = w.appendValue(w.keyList, w.order[to], p.cursor); err != nil {
				return to, err
			}
			w.keyList = append(w.keyList, ')')
		}
	}
	w.keyList = append(w.keyList, ')')
	return to, nil
}

// appendKey lists a row's key as (a, b, …).
func (w *writer) appendKey(row int32, byNumber []bool) (err error) {
	for n, i := range w.plan.key {
		w.keyList = append(w.keyList, [...]byte{'(', ','}[min(n, 1)])
		if slices.Contains(w.plan.enums, i) {
			w.keyList = w.appendEnumKey(w.keyList, row, i, byNumber[n])
		} else if w.keyList, err = w.appendKeyValue(w.keyList, row, n); err != nil {
			return err
		}
	}
	w.keyList = append(w.keyList, ')')
	return nil
}

func (w *writer) appendKeyValue(dst []byte, row int32, n int) ([]byte, error) {
	return w.appendValue(dst, row, w.plan.key[n])
}

// keyExpr is a key column as the rows at positions [from, end) are looked up by it, and
// whether by number: an ENUM's error value and its empty member are the same text. Only
// where such values are, because a sum is not found by the index.
func (w *writer) keyExpr(n, from, end int) (expr string, byNumber bool) {
	i := w.plan.key[n]
	name := sqltext.Ident(w.plan.targets[i].Name)
	if w.plan.columns[i].SetByNumber() && w.plan.targets[i].Kind == table.KindSet {
		return sqltext.SetNumber(name), true // its values are written by number, and are equal as text
	}
	if !slices.Contains(w.plan.enums, i) || !slices.Contains(w.plan.targets[i].Members, "") {
		return name, false
	}
	for _, row := range w.order[from:end] {
		if len(w.rows.Value(int(row), i)) == 0 || w.isErrorValue(row, i) {
			return name + " + 0", true
		}
	}
	return name, false
}

// appendEnumKey appends an ENUM's key value as text, or as the number of the target's member.
// It is one or the other for all rows of a list: a mixture is compared as neither.
func (w *writer) appendEnumKey(dst []byte, row int32, column int, byNumber bool) []byte {
	v := w.rows.Value(int(row), column)
	if !byNumber {
		return sqltext.AppendQuoted(dst, v)
	}
	if w.isErrorValue(row, column) {
		return append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(slices.Index(w.plan.targets[column].Members, string(v))+1), 10)
}

// appendValue appends a value of a row as SQL text, NULL included.
func (w *writer) appendValue(dst []byte, row int32, column int) ([]byte, error) {
	return w.appendBy(w.plan.appenders[column], dst, row, column)
}

func (w *writer) appendBy(app sqltext.Appender, dst []byte, row int32, column int) ([]byte, error) {
	v := w.rows.Value(int(row), column)
	if v == nil {
		return append(dst, "NULL"...), nil
	}
	dst, err := app(dst, v)
	if err != nil {
		return dst, w.rowError(row, mysqlerr.Problem{
			Class: mysqlerr.ClassRowData, Column: w.plan.columns[column].Name, Sentence: err.Error(),
			Remedy: "extract the rows again",
		})
	}
	return dst, nil
}
