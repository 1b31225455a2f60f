package mysqldb

import (
	"context"
	"database/sql"
	"errors"
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
	name := w.plan.target.PrimaryKey[0]
	w.probe = append(w.probe[:0], "SELECT 1 FROM "+Qualified(w.plan.target.Name)+" WHERE "+Ident(name)+" BETWEEN "...)
	var err error
	if w.probe, err = w.appendKeyValue(w.probe, w.order[w.from], 0); err != nil {
		return false, err
	}
	w.probe = append(w.probe, " AND "...)
	if w.probe, err = w.appendKeyValue(w.probe, w.order[w.to-1], 0); err != nil {
		return false, err
	}
	w.probe = append(w.probe, " LIMIT 1"...)
	var one int
	err = w.conn.QueryRowContext(ctx, string(w.probe)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	return false, err
}

// buildCount writes the statement that counts the keys at positions [from, end); it returns
// the position after the last key that went in.
func (w *chunkWriter) buildCount(from, end int) (int, error) {
	p := w.plan
	// A row constructor in IN is a range read on both servers, and several times as fast as
	// an OR of ANDs. The index is forced because stale statistics can talk them out of it.
	w.probe = append(w.probe[:0], "SELECT COUNT(*) FROM "+Qualified(p.target.Name)+" FORCE INDEX (PRIMARY) WHERE ("+
		Idents(p.target.PrimaryKey)+") IN ("...)
	to := from
	for ; to < end && to-from < min(countRows, p.maxRows); to++ {
		if to > from {
			if int64(len(w.probe)) > p.maxBytes/2 {
				break
			}
			w.probe = append(w.probe, ',')
		}
		if err := w.appendKey(w.order[to]); err != nil {
			return to, err
		}
	}
	w.probe = append(w.probe, ')')
	return to, nil
}

// appendKey appends a row's key as (a, b, …).
func (w *chunkWriter) appendKey(row int32) (err error) {
	for n := range w.plan.key {
		w.probe = append(w.probe, [...]byte{'(', ','}[min(n, 1)])
		if w.probe, err = w.appendKeyValue(w.probe, row, n); err != nil {
			return err
		}
	}
	w.probe = append(w.probe, ')')
	return nil
}

func (w *chunkWriter) appendKeyValue(dst []byte, row int32, n int) ([]byte, error) {
	return w.appendValue(dst, row, w.plan.key[n])
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
