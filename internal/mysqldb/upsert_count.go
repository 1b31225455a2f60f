package mysqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// countRows bounds the keys of one counting statement. MariaDB turns an IN list of 1,000 into
// a join with a temporary table, and both servers' range optimizers give up on long ones.
const countRows = 500

// countExisting counts which keys at positions [from, to) the target has, in the transaction
// that writes them: the server's row count alone cannot tell inserted from updated.
func (w *chunkWriter) countExisting(ctx context.Context, from, to int) error {
	for from < to {
		next, err := w.buildCount(from, to)
		if err != nil {
			return err
		}
		var n int64
		if err := w.conn.QueryRowContext(ctx, string(w.probe)).Scan(&n); err != nil {
			return err
		}
		w.existing += n
		from = next
	}
	return nil
}

// sortsLikeServer reports whether the first key column's smallest and largest value of ours
// are the server's too.
func (w *chunkWriter) sortsLikeServer() bool {
	from, to := w.plan.columns[w.plan.key[0]], w.plan.targets[w.plan.key[0]]
	if from.Kind != to.Kind || from.RawCharset {
		return false
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindYear, table.KindBit,
		table.KindDate, table.KindDateTime, table.KindTimestamp, table.KindBytes:
		return true
	case table.KindString:
		return isExactCollation(to.Collation) && strings.HasPrefix(to.Charset, "utf8")
	default:
		return false
	}
}

// nothingBetween reports whether the target holds no key between the transaction's smallest
// and largest: the usual case of a first load, answered by one look into the index.
func (w *chunkWriter) nothingBetween(ctx context.Context) (bool, error) {
	if err := w.buildRun("SELECT 1 FROM "+Qualified(w.plan.target.Name)+" WHERE ", 0, len(w.order)); err != nil {
		return false, err
	}
	w.probe = append(w.probe, " LIMIT 1"...)
	var one int
	err := w.conn.QueryRowContext(ctx, string(w.probe)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// buildRun writes a statement about all rows whose first key column is between that of the
// first and the last of positions [from, end).
func (w *chunkWriter) buildRun(head string, from, end int) (err error) {
	w.probe = append(w.probe[:0], head+Ident(w.plan.target.PrimaryKey[0])+" BETWEEN "...)
	if w.probe, err = w.appendKeyValue(w.probe, w.order[from], 0); err != nil {
		return err
	}
	w.probe = append(w.probe, " AND "...)
	w.probe, err = w.appendKeyValue(w.probe, w.order[end-1], 0)
	return err
}

// buildCount writes the statement that counts the target's rows with the keys at positions
// [from, end), all of them at once where they are a run of integers; it returns the position
// after the last key that went in. A statement that locks must not use a run: InnoDB also
// looks at, and waits for, the row behind it.
func (w *chunkWriter) buildCount(from, end int) (int, error) {
	if end-from > 1 && w.dense(from, end) {
		return end, w.buildRun(w.probeHead("COUNT(*)"), from, end)
	}
	return w.buildProbe("COUNT(*)", from, end)
}

func (w *chunkWriter) probeHead(what string) string {
	return "SELECT " + what + " FROM " + Qualified(w.plan.target.Name) + " FORCE INDEX (PRIMARY) WHERE "
}

// keysAtOnce bounds the keys that one statement lists, of those at positions [from, end).
func (w *chunkWriter) keysAtOnce(from, end int) int { return min(end-from, countRows, w.plan.maxRows) }

// dense reports whether the keys at positions [from, end) are all the integers between the
// first and the last of them.
func (w *chunkWriter) dense(from, end int) bool {
	if len(w.plan.key) != 1 {
		return false
	}
	i := w.plan.key[0]
	if kind := w.plan.columns[i].Kind; kind != w.plan.targets[i].Kind || kind != table.KindInt && kind != table.KindUint {
		return false
	}
	// Keys of UNSIGNED BIGINT beyond the signed ones are no runs, but looked for one by one.
	first, errFirst := strconv.ParseInt(string(w.rows.Value(int(w.order[from]), i)), 10, 64)
	last, errLast := strconv.ParseInt(string(w.rows.Value(int(w.order[end-1]), i)), 10, 64)
	return errFirst == nil && errLast == nil && uint64(last)-uint64(first) == uint64(end-from-1)
}

// buildProbe writes the statement that asks what of the target's rows with the keys at
// positions [from, end); it returns the position after the last key that went in.
func (w *chunkWriter) buildProbe(what string, from, end int) (int, error) {
	p := w.plan
	// A row constructor in IN is a range read on both servers, and several times as fast as
	// an OR of ANDs. The index is forced because stale statistics can talk them out of it.
	last := from + w.keysAtOnce(from, end)
	exprs, byNumber := make([]string, len(p.key)), make([]bool, len(p.key))
	for n := range p.key {
		exprs[n], byNumber[n] = w.keyExpr(n, from, last)
	}
	w.probe = append(w.probe[:0], w.probeHead(what)+"("+strings.Join(exprs, ", ")+") IN ("...)
	to := from
	for ; to < last; to++ {
		if to > from {
			if int64(len(w.probe)) > p.maxBytes/2 {
				break
			}
			w.probe = append(w.probe, ',')
		}
		if err := w.appendKey(w.order[to], byNumber); err != nil {
			return to, err
		}
	}
	w.probe = append(w.probe, ')')
	return to, nil
}

// appendKey appends a row's key as (a, b, …).
func (w *chunkWriter) appendKey(row int32, byNumber []bool) (err error) {
	for n, i := range w.plan.key {
		w.probe = append(w.probe, [...]byte{'(', ','}[min(n, 1)])
		if slices.Contains(w.plan.enums, i) {
			w.probe = w.appendEnumKey(w.probe, row, i, byNumber[n])
		} else if w.probe, err = w.appendKeyValue(w.probe, row, n); err != nil {
			return err
		}
	}
	w.probe = append(w.probe, ')')
	return nil
}

func (w *chunkWriter) appendKeyValue(dst []byte, row int32, n int) ([]byte, error) {
	return w.appendValue(dst, row, w.plan.key[n])
}

// keyExpr is a key column as the rows at positions [from, end) are looked up by it, and
// whether by number: an ENUM's error value and its empty member are the same text. Only
// where such values are, because a sum is not found by the index.
func (w *chunkWriter) keyExpr(n, from, end int) (expr string, byNumber bool) {
	i := w.plan.key[n]
	name := Ident(w.plan.targets[i].Name)
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
func (w *chunkWriter) appendEnumKey(dst []byte, row int32, column int, byNumber bool) []byte {
	v := w.rows.Value(int(row), column)
	if !byNumber {
		return appendQuoted(dst, v)
	}
	if w.isErrorValue(row, column) {
		return append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(slices.Index(w.plan.targets[column].Members, string(v))+1), 10)
}

// appendValue appends a value of a row as SQL text, NULL included.
func (w *chunkWriter) appendValue(dst []byte, row int32, column int) ([]byte, error) {
	v := w.rows.Value(int(row), column)
	if v == nil {
		return append(dst, "NULL"...), nil
	}
	dst, err := w.plan.appenders[column](dst, v)
	if err != nil {
		return dst, w.rowError(row, Problem{
			Class: ClassRowData, Column: w.plan.columns[column].Name, Sentence: err.Error(),
			Remedy: "extract the rows again",
		})
	}
	return dst, nil
}
