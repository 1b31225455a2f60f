package upsert

import (
	"bytes"
	"context"
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A repair and an undo know what each row replaces: they have read the target's row before, and keep it. So they write
// a row only where that row is still there, in the transaction that writes: it is locked and compared by its sum. A row
// that another client has changed meanwhile stays, and no version of it is lost.

// Expect says which row of the target each row replaces.
type Expect struct {
	// At is the position, among the values of a row, of the [table.Sum] of the target's row; NULL there means that
	// the target has no such row. It is behind those of Spec.Columns.
	At int
	// Columns are those of the target that the sum is of, in its order. The whole primary key is among them.
	Columns []table.Column
}

// expectation is Expect as the plan of a chunk has it.
type expectation struct {
	at      int
	exprs   []sqltext.Expr
	key     []int // positions of the primary key's columns among exprs, in key order
	carried []int // positions of the rows' columns among exprs, -1 for one that is not there
}

func (p *plan) setExpectation(server mysqldb.Server, e *Expect) error {
	if e == nil {
		return nil
	}
	x := &expectation{at: e.At}
	for _, c := range e.Columns {
		x.exprs = append(x.exprs, sqltext.Value(server, c))
	}
	for _, name := range p.target.PrimaryKey {
		i := table.Index(e.Columns, name)
		if i < 0 {
			return mysqlerr.Refuse(name, "the sum of the rows to replace lacks a column of the key", "start it again")
		}
		x.key = append(x.key, i)
	}
	for _, c := range p.targets {
		x.carried = append(x.carried, table.Index(e.Columns, c.Name))
	}
	p.expect = x
	return nil
}

// fate is what becomes of a row whose target row was looked at.
type fate int

const (
	notFound  fate = iota // the target has no row under these bytes of the key
	asExpect              // the target's row is the one to replace
	unchanged             // the target's row is what would be written: an earlier try has committed
	changed               // the target's row is another
)

// dropChangedRows locks the target's rows with the chunk's keys, and removes from w.order, and counts, the rows which
// do not replace what they are to replace. The caller restores w.order.
func (w *writer) dropChangedRows(ctx context.Context) error {
	fates := make([]fate, len(w.order))
	respelled := false
	for from := 0; from < len(w.order); {
		to, err := w.listKeys(from, len(w.order))
		if err != nil {
			return err
		}
		other, err := w.lookAtExpected(ctx, from, to, fates)
		if err != nil {
			return err
		}
		respelled = respelled || other
		w.heartbeat()
		from = to
	}
	if respelled { // by its collation, the server has found keys that have other bytes
		if err := w.lookAtRespelled(ctx, fates); err != nil {
			return err
		}
	}
	kept := make([]int32, 0, len(w.order))
	for at, row := range w.order {
		f := fates[at]
		if f == notFound {
			f = changed
			if w.rows.Value(int(row), w.plan.expect.at) == nil {
				f = asExpect
			}
		}
		switch f {
		case unchanged:
			w.res.Unchanged++
		case changed:
			w.res.Changed++
		default:
			kept = append(kept, row)
		}
	}
	w.order = kept
	return nil
}

// lookAtRespelled looks for the rows that were not found, key by key: the only row that a look finds is the key's.
func (w *writer) lookAtRespelled(ctx context.Context, fates []fate) error {
	for at := range w.order {
		if fates[at] != notFound {
			continue
		}
		if _, err := w.listKeys(at, at+1); err != nil {
			return err
		}
		err := w.eachListed(ctx, func(have *table.Rows) { fates[at] = w.fateOf(w.order[at], have) })
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAtExpected decides the positions [from, to), whose keys are listed. other says that the target has returned a row
// whose key has other bytes.
func (w *writer) lookAtExpected(ctx context.Context, from, to int, fates []fate) (other bool, err error) {
	positions := make(map[string]int, to-from)
	for at := from; at < to; at++ {
		positions[w.joinKey(w.keyValues(w.order[at]))] = at
	}
	key := make([][]byte, len(w.plan.key))
	err = w.eachListed(ctx, func(have *table.Rows) {
		for n, i := range w.plan.expect.key {
			key[n] = have.Value(0, i)
		}
		if at, ok := positions[w.joinKey(key)]; ok {
			fates[at] = w.fateOf(w.order[at], have)
		} else {
			other = true
		}
	})
	return other, err
}

// eachListed locks the target's rows with the listed keys, and hands over one at a time: rows may be large.
func (w *writer) eachListed(ctx context.Context, f func(have *table.Rows)) error {
	exprs := w.plan.expect.exprs
	names := make([]string, len(exprs))
	for i, e := range exprs {
		names[i] = e.SQL
	}
	have := table.Borrow(len(exprs))
	defer have.Return()
	stmt := w.selectListed(strings.Join(names, ", ")) + " FOR UPDATE"
	return fetch.Raw(ctx, w.conn, stmt, func(rows driver.Rows) error {
		values := make([]driver.Value, len(exprs))
		for {
			have.Reset()
			if more, err := fetch.AppendRow(have, exprs, rows, values); !more || err != nil {
				return err
			}
			f(have)
		}
	})
}

// fateOf compares the target's row, the only one of have, with the one that a row is to replace.
func (w *writer) fateOf(row int32, have *table.Rows) fate {
	sum := have.Sum(0, nil)
	if bytes.Equal(w.rows.Value(int(row), w.plan.expect.at), sum[:]) {
		return asExpect
	}
	if slices.Contains(w.plan.expect.carried, -1) {
		return changed
	}
	for i, n := range w.plan.expect.carried {
		from, to := w.plan.columns[i], w.plan.targets[i].Column
		fresh, old := w.rows.Value(int(row), i), have.Value(0, n)
		if !table.SameText(from, to, fresh, old) {
			return changed
		}
	}
	return unchanged
}

// Where the caller expects rows, only those of rows are deleted that this very transaction writes again: all others
// are not kept for an undo, and a reader would miss them. A row whose unique value such a row holds is skipped.

// listUnwritten notes the keys of the deferred rows.
func (w *writer) listUnwritten() {
	if w.plan.expect == nil {
		return
	}
	w.unwritten, w.displaced = map[string]int{}, map[string]int{}
	for _, at := range w.deferred {
		w.unwritten[w.joinKey(w.keyValues(w.order[at]))] = at
	}
}

// mayDelete reports whether conflicting rows may be deleted, and notes that they are.
func (w *writer) mayDelete(found *table.Rows) bool {
	if w.plan.expect == nil {
		return true
	}
	keys := make([]string, found.Len())
	for r := range keys {
		key := make([][]byte, found.Columns())
		for n := range key {
			key[n] = found.Value(r, n)
		}
		keys[r] = w.joinKey(key)
		if _, ok := w.unwritten[keys[r]]; !ok {
			return false
		}
	}
	for _, key := range keys {
		w.displaced[key] = w.unwritten[key]
	}
	return true
}

// onWritten notes that a deferred row was written.
func (w *writer) onWritten(at int) {
	if w.plan.expect == nil {
		return
	}
	key := w.joinKey(w.keyValues(w.order[at]))
	delete(w.unwritten, key)
	delete(w.displaced, key)
}

// checkDisplaced ends the transaction where a row was deleted and could not be written again.
func (w *writer) checkDisplaced() error {
	for _, at := range w.displaced {
		return w.rowError(w.order[at], mysqlerr.Problem{
			Class: mysqlerr.ClassRowData, Sentence: "another row already holds this value of a unique key",
			Remedy: "run the table, which brings the other row, then repair again",
		})
	}
	return nil
}
