package upsert

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// selectListed selects expressions from the target's rows with the listed keys. It forces the
// index, because the optimizer ignores it where statistics are stale.
func (w *writer) selectListed(exprs string) string {
	return "SELECT " + exprs + " FROM " + sqltext.Qualified(w.plan.target.Name) +
		" FORCE INDEX (" + sqltext.Ident(w.plan.target.KeyName()) + ") WHERE " + string(w.keyList)
}

// keysAtOnce bounds the keys of one list, of those at positions [from, end).
func (w *writer) keysAtOnce(from, end int) int { return min(end-from, countRows, w.plan.maxRows) }

// listKeys writes the keys from position from on, before end, into w.keyList. It returns the
// position after the last one.
func (w *writer) listKeys(from, end int) (to int, err error) {
	return w.listRows(from, end, false)
}

// listRows is listKeys, with the cursor of each row where asked for.
func (w *writer) listRows(from, end int, withCursor bool) (to int, err error) {
	p := w.plan
	// A row constructor in IN is a range read on both servers, and several times as fast as an OR of ANDs.
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

// appendKey appends a row's key as (a, b, …).
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

// appendKeyValue appends the value of the key column n.
func (w *writer) appendKeyValue(dst []byte, row int32, n int) ([]byte, error) {
	return w.appendValue(dst, row, w.plan.key[n])
}

// keyExpr is the expression that finds a key column's values of the rows at positions [from, end).
// byNumber says that it compares numbers: the error value and the empty member of an ENUM are the
// same text. It does so only where such values occur, because the index does not find a sum.
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

// appendEnumKey appends an ENUM's key value as text, or as the index of the target's member. All
// rows of a list use the same form: servers compare a mixture as neither.
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

// appendBy is appendValue with another appender.
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
