package upsert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
)

// keyHash stands for a row's primary key in messages, which show no values. It is the first 16 hex
// digits of the SHA-256 of the values, joined with a comma. In SQL, for a key (a, b):
//
//	SELECT … WHERE LEFT(SHA2(CONCAT_WS(',', a, b), 256), 16) = '…'
func keyHash(values [][]byte) string {
	h := sha256.New()
	for i, v := range values {
		if i > 0 {
			h.Write([]byte{','})
		}
		h.Write(v)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// rowError is a problem of one row, named by its key's hash.
func (w *writer) rowError(row int32, p mysqlerr.Problem) error {
	w.blamed = row
	p.Row, p.KeyHash = 0, keyHash(w.keyValues(row))
	if c := w.plan.computedBy(p); c != nil {
		p.Column = c.Name
		p.Remedy = fmt.Sprintf("the target computes this column and cannot for this row: make it a plain one there, "+
			"which gets the source's values (ALTER TABLE %s DROP COLUMN %s, ADD COLUMN %[2]s %s NULL), then run with "+
			"--full", sqltext.Qualified(w.plan.target.Name), sqltext.Ident(c.Name), c.Type)
	}
	return mysqlerr.NewError(p)
}

// computedBy is the generated column of the target that a problem is about, or nil. The error of an
// expression out of range names no column; with a single generated column it is that one.
func (p *plan) computedBy(problem mysqlerr.Problem) *schema.Column {
	var generated []*schema.Column
	for i := range p.target.Columns {
		c := &p.target.Columns[i]
		if c.Generated && !c.IsPeriod() {
			generated = append(generated, c)
		}
		if c.Generated && problem.Column != "" && strings.EqualFold(c.Name, problem.Column) {
			return c
		}
	}
	if problem.Column == "" && problem.Number == mysqlerr.ErrNumericRange && len(generated) == 1 {
		return generated[0]
	}
	return nil
}

// rowTooLarge is the error of a row that does not fit into a packet.
func (w *writer) rowTooLarge(row int32) error {
	return w.rowError(row, mysqlerr.Problem{
		Class: mysqlerr.ClassRowData,
		Sentence: fmt.Sprintf("the row takes %d bytes as a statement, the server's max_allowed_packet is %d",
			len(w.plan.head)+len(w.row)+len(w.plan.tail)+packetMargin, w.db.Server.MaxAllowedPacket),
		Remedy: "raise max_allowed_packet on the target",
	})
}

// identifyRow finds the row of a statement, positions [from, to), that an error is about.
//
// The transaction is still open. After an error that names no row, it sends the rows in halves to
// find it. The caller then rolls everything back.
func (w *writer) identifyRow(ctx context.Context, err error, from, to int) error {
	p := mysqlerr.Describe(err)
	switch {
	case p.Class == mysqlerr.ClassSplit && to-from == 1:
		return w.rowTooLarge(w.order[from])
	case p.Class != mysqlerr.ClassRowData || p.KeyHash != "":
		return err
	case p.Row >= 1 && from+p.Row <= to:
		return w.rowError(w.order[from+p.Row-1], p)
	}
	// A row with a conflict is deferred later: the error is about another row.
	skipConflicts := w.plan.deleteConflicts && to-from > 1
	if found := w.findRefused(ctx, from, to, skipConflicts); found != nil {
		return found
	}
	if p.Number == mysqlerr.ErrSubqueryRows { // the number of our guard; it means nothing to a reader
		w.nameUnique(&p)
		return mysqlerr.NewError(p)
	}
	return err
}

// findRefused finds the first row at positions [from, to) that the target refuses, and returns the error about it. The
// statement of all of them was refused. nil means that the target takes each of them now, but for those with a conflict
// that are skipped. An error of a lock or of a lost connection is returned as it is: the next try finds the row.
//
// Halves find one row of 10,000 by some thirty statements. Row by row, a target that is 20 ms away would take minutes,
// while the transaction holds its locks.
func (w *writer) findRefused(ctx context.Context, from, to int, skipConflicts bool) error {
	if to-from == 1 {
		found, err := w.trySingleRow(ctx, from)
		if err != nil || found == nil || skipConflicts && isConflict(found.Number) {
			return err
		}
		return w.rowError(w.order[from], *found)
	}
	middle := from + (to-from)/2
	for _, half := range [...]span{{from, middle}, {middle, to}} {
		if half.to-half.from > 1 {
			_, err := w.sendRows(ctx, half.from, half.to)
			w.heartbeat()
			if err == nil {
				continue
			}
			switch p := mysqlerr.Describe(err); {
			case p.Class != mysqlerr.ClassRowData || p.KeyHash != "":
				return err
			case p.Row >= 1 && half.from+p.Row <= half.to:
				return w.rowError(w.order[half.from+p.Row-1], p)
			}
		}
		if err := w.findRefused(ctx, half.from, half.to, skipConflicts); err != nil {
			return err
		}
	}
	return nil
}

// trySingleRow sends one row, and returns the server's error about it as a problem.
func (w *writer) trySingleRow(ctx context.Context, i int) (*mysqlerr.Problem, error) {
	if err := w.buildRow(w.order[i]); err != nil {
		return nil, err
	}
	plain := string(w.plan.head) + string(w.row)
	_, err := w.send(ctx, plain+string(w.plan.tail), i, i+1)
	if err == nil {
		w.heartbeat()
		return nil, nil
	}
	p := mysqlerr.Describe(err)
	if p.Class != mysqlerr.ClassRowData {
		return nil, err
	}
	if p.Number == mysqlerr.ErrSubqueryRows {
		// Without the update part the server names the unique key.
		_, err := w.exec(ctx, plain)
		if second := mysqlerr.Describe(err); second.Number == mysqlerr.ErrDuplicateEntry {
			p.Key = second.Key
		}
	}
	if p.Number == mysqlerr.ErrDuplicateEntry || p.Number == mysqlerr.ErrSubqueryRows {
		w.nameUnique(&p)
	}
	return &p, nil
}

// nameUnique makes a problem one of a unique key, and says what to do. It shows a key's name only where the target has
// such a key: the server's text begins with a value, and a value can imitate a name.
func (w *writer) nameUnique(p *mysqlerr.Problem) {
	p.Number = mysqlerr.ErrDuplicateEntry
	if w.plan.deleteConflicts {
		p.Remedy = "find the two rows that share it, or drop the unique key on the target"
	}
	found := ""
	var all []string
	for _, u := range w.plan.uniques {
		all = append(all, u.Name)
		if p.Key != u.Name && !strings.HasSuffix(p.Key, "."+u.Name) {
			continue
		}
		found = u.Name
		var columns []string
		for _, c := range u.Columns {
			if c.Column != "" {
				columns = append(columns, c.Column)
			}
		}
		p.Column = strings.Join(columns, ", ")
	}
	if p.Key = found; found == "" {
		p.Key = strings.Join(all, " or ")
	}
}

// isUniqueConflict reports a row that the target cannot take because another row has the same value of a unique key.
func isUniqueConflict(err error) bool {
	return isConflict(mysqlerr.NumberOf(err))
}

func isConflict(number uint16) bool {
	return number == mysqlerr.ErrDuplicateEntry || number == mysqlerr.ErrSubqueryRows
}
