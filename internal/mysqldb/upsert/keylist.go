package upsert

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
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
//
// A row constructor in IN is a range read on both servers, and several times as fast as an OR of ANDs. Keys with an
// ENUM or a SET are compared column by column all the same, as schema.KeyList has it.
func (w *writer) listRows(from, end int, withCursor bool) (to int, err error) {
	p := w.plan
	names := make([]string, 0, len(p.key)+1)
	for _, i := range p.key {
		names = append(names, sqltext.Ident(p.targets[i].Name))
	}
	if withCursor {
		names = append(names, sqltext.Ident(p.targets[p.cursor].Name))
	}
	begin, between, and := "("+strings.Join(names, ", ")+") IN (", ",", ","
	if p.apart {
		begin, between, and = "(", " OR ", " AND " // the outer parentheses stay: other conditions follow
	}
	w.keyList = append(w.keyList[:0], begin...)
	last := from + w.keysAtOnce(from, end)
	for to = from; to < last; to++ {
		if to > from {
			if int64(len(w.keyList)) > p.maxBytes/2 {
				break
			}
			w.keyList = append(w.keyList, between...)
		}
		w.keyList = append(w.keyList, '(')
		for n, name := range names {
			if n > 0 {
				w.keyList = append(w.keyList, and...)
			}
			if p.apart {
				w.keyList = append(w.keyList, name+" = "...)
			}
			if n < len(p.key) {
				w.keyList, err = w.appendKeyValue(w.keyList, w.order[to], n)
			} else {
				w.keyList, err = w.appendValue(w.keyList, w.order[to], p.cursor)
			}
			if err != nil {
				return to, err
			}
		}
		w.keyList = append(w.keyList, ')')
	}
	w.keyList = append(w.keyList, ')')
	return to, nil
}

// appendKeyValue appends the value of the key column n. The empty member of an ENUM is the same text as the error
// value: both are compared by the number that the target gives them.
func (w *writer) appendKeyValue(dst []byte, row int32, n int) ([]byte, error) {
	i := w.plan.key[n]
	v := w.rows.Value(int(row), i)
	if v != nil && len(v) == 0 && slices.Contains(w.plan.enums, i) && !w.isErrorValue(row, i) {
		return strconv.AppendInt(dst, int64(slices.Index(w.plan.targets[i].Members, "")+1), 10), nil
	}
	return w.appendValue(dst, row, i)
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
