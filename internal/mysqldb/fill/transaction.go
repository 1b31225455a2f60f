package fill

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// anyBytes does not bound what a statement brings: its rows are those of one list of keys.
const anyBytes = 1 << 31

// filler fills the rows of one chunk. It lives as long as the transactions.
type filler struct {
	db        *mysqldb.DB
	spec      Spec
	rows      *table.Rows
	heartbeat func()
	list      *schema.KeyList
	// key, cursor and fill are positions of columns in a row; targets are the target's columns of all of them.
	key     []int
	cursor  int
	fill    []int
	targets []table.Column
	exprs   []sqltext.Expr
	write   *statements
	conn    *sql.Conn
	// left are the positions of the rows that no transaction has come to, and res is what those before have done.
	left []int
	res  Result
	// now is what the transaction has done, begun when it began, and rest are the rows that it leaves to the next one.
	now   Result
	begun time.Time
	rest  []int
}

func newFiller(d *mysqldb.DB, spec Spec, rows *table.Rows, heartbeat func()) (*filler, error) {
	f := &filler{db: d, spec: spec, rows: rows, heartbeat: heartbeat, left: make([]int, rows.Len())}
	for i := range f.left {
		f.left[i] = i
	}
	if heartbeat == nil {
		f.heartbeat = func() {}
	}
	for _, c := range spec.Columns {
		to := spec.Target.Column(c.Name)
		if to == nil || to.Generated {
			return nil, mysqlerr.Refuse(c.Name, fmt.Sprintf("the target %s has no such column to write",
				spec.Target.Name), "start it again")
		}
		f.targets = append(f.targets, to.Column)
		f.exprs = append(f.exprs, sqltext.Value(d.Server, to.Column))
	}
	place := func(name string) (int, error) {
		i := table.Index(spec.Columns, name)
		if i < 0 {
			return 0, mysqlerr.Refuse(name, "the rows to fill lack a column", "start it again")
		}
		return i, nil
	}
	var err error
	for _, name := range spec.Target.PrimaryKey {
		i, err := place(name)
		if err != nil {
			return nil, err
		}
		f.key = append(f.key, i)
	}
	if f.cursor, err = place(spec.Cursor); err != nil {
		return nil, err
	}
	for _, name := range spec.Fill {
		i, err := place(name)
		if err != nil {
			return nil, err
		}
		f.fill = append(f.fill, i)
	}
	if f.list, err = schema.NewKeyList(spec.Target, nil); err != nil {
		return nil, err
	}
	f.write, err = f.newStatements()
	return f, err
}

// transaction is one try, inside of [txn.Run]:
//
//	START TRANSACTION
//	  OnBegin                 the caller's checks
//	  SELECT … FOR UPDATE     the rows, by key; those of another version stay
//	  CheckUnchanged          from the first SELECT on, no ALTER TABLE and no new trigger can come between
//	  UPDATE …                of the rest, which are locked
//	COMMIT
func (f *filler) transaction(ctx context.Context, conn *sql.Conn) error {
	f.conn, f.now, f.rest, f.begun = conn, Result{}, nil, time.Now()
	if f.spec.OnBegin != nil {
		if err := f.spec.OnBegin(ctx, conn); err != nil {
			return err
		}
	}
	for from := 0; from < len(f.left); {
		todo, n, err := f.lock(ctx, f.left[from:])
		if err != nil {
			return err
		}
		if from == 0 {
			if err := f.spec.Target.CheckUnchanged(ctx, conn); err != nil {
				return err
			}
		}
		f.now.Filled += int64(len(todo))
		if !f.spec.DryRun {
			unwritten, err := f.update(ctx, todo)
			if err != nil {
				return err
			}
			f.now.Filled -= int64(len(unwritten))
			f.rest = unwritten
		}
		f.heartbeat()
		if from += n; f.isLate() {
			f.rest = append(f.rest, f.left[from:]...)
			return nil
		}
	}
	return nil
}

// isLate reports whether the transaction is to commit what it has: its locks are to be short, also where the target is
// far away and each row needs a statement of its own.
func (f *filler) isLate() bool {
	return f.spec.MaxTransaction > 0 && time.Since(f.begun) >= f.spec.MaxTransaction
}

// lock locks the target's rows of some positions, the first n of them, and returns those to write.
func (f *filler) lock(ctx context.Context, rows []int) (todo []int, n int, err error) {
	keys := make([]table.Texts, 0, schema.KeysAtOnce)
	for _, row := range rows[:min(schema.KeysAtOnce, len(rows))] {
		keys = append(keys, f.keyOf(f.rows, row))
	}
	cond, n, err := f.list.In(keys, schema.KeysText)
	if err != nil {
		return nil, 0, err
	}
	names := make([]string, len(f.exprs))
	for i, e := range f.exprs {
		names[i] = e.SQL
	}
	found := table.NewRows(len(f.exprs))
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + sqltext.Qualified(f.spec.Target.Name) +
		" FORCE INDEX (" + sqltext.Ident(f.spec.Target.KeyName()) + ") WHERE " + cond
	if !f.spec.DryRun {
		query += " FOR UPDATE"
	}
	if _, err := fetch.RowsOn(ctx, f.conn, query, f.exprs, found, anyBytes); err != nil {
		return nil, 0, err
	}
	have := make(map[string]int, found.Len())
	for i := range found.Len() {
		have[f.sameKey(f.keyOf(found, i))] = i
	}
	for i := range n {
		at, ok := have[f.sameKey(keys[i])]
		switch {
		case !ok: // also where the target has another spelling of the key
			f.now.Missing++
		case !f.sameVersion(rows[i], found, at):
			f.now.Newer++
		case f.isFilled(rows[i], found, at):
			f.now.Equal++
		default:
			todo = append(todo, rows[i])
		}
	}
	return todo, n, nil
}

// keyOf is a row's key, in the order of the primary key.
func (f *filler) keyOf(rows *table.Rows, i int) table.Texts {
	key := make(table.Texts, len(f.key))
	for n, at := range f.key {
		key[n] = string(rows.Value(i, at))
	}
	return key
}

// sameKey are the bytes of a key, of either side: the target's columns may have more digits.
func (f *filler) sameKey(key table.Texts) string {
	same := make(table.Texts, len(key))
	for n, at := range f.key {
		same[n] = string(table.TrimZeros(f.spec.Columns[at], f.targets[at], []byte(key[n])))
	}
	return same.Bytes()
}

// sameVersion reports whether the target's row has the cursor that was read.
func (f *filler) sameVersion(row int, found *table.Rows, at int) bool {
	read, now := f.rows.Value(row, f.cursor), found.Value(at, f.cursor)
	if read == nil || now == nil {
		return read == nil && now == nil
	}
	return table.OrderCursor(f.spec.Columns[f.cursor].Kind, string(read), string(now)) == 0
}

// isFilled reports whether the target's row has the values already.
func (f *filler) isFilled(row int, found *table.Rows, at int) bool {
	for _, c := range f.fill {
		read, now := f.rows.Value(row, c), found.Value(at, c)
		if !table.SameText(f.spec.Columns[c], f.targets[c], read, now) {
			return false
		}
	}
	return true
}
