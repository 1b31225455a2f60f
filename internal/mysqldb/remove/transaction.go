package remove

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// anyBytes does not bound what a statement brings: the caller has read the same rows before.
const anyBytes = 1 << 31

// errCount ends a transaction whose statement has met other rows than were locked.
var errCount = errors.New("the server has changed another number of rows than were locked")

// remover removes one list of rows. It lives as long as the tries.
type remover struct {
	db     *mysqldb.DB
	spec   Spec
	rows   []Row
	list   *schema.KeyList
	exprs  []sqltext.Expr
	key    []int // of the key's columns among exprs, in the order of the rows' keys
	change string
	conn   *sql.Conn
	res    Result
}

func newRemover(d *mysqldb.DB, spec Spec, rows []Row) (*remover, error) {
	r := &remover{db: d, spec: spec, rows: rows}
	if len(spec.Target.PrimaryKey) == 0 {
		return nil, mysqlerr.Refuse("", fmt.Sprintf("the target %s has no primary key", spec.Target.Name),
			"give it the source's primary key")
	}
	var err error
	if r.list, err = schema.NewKeyList(spec.Target, spec.Key); err != nil {
		return nil, err
	}
	columns := Columns(spec.Target)
	for _, c := range columns {
		r.exprs = append(r.exprs, sqltext.Value(d.Server, c))
	}
	names := spec.Key
	if names == nil {
		names = spec.Target.PrimaryKey
	}
	for _, name := range names {
		i := table.Index(columns, name)
		if i < 0 {
			return nil, mysqlerr.Refuse(name, "the values of this column of the key cannot be read", "")
		}
		r.key = append(r.key, i)
	}
	r.change, err = spec.changeSQL(columns)
	return r, err
}

// changeSQL is the statement that deletes or marks, without its condition.
func (spec Spec) changeSQL(columns []table.Column) (string, error) {
	if spec.Mark == nil {
		return spec.Target.DeleteSQL(), nil
	}
	i := table.Index(columns, spec.Mark.Column)
	if i < 0 {
		return "", mysqlerr.Refuse(spec.Mark.Column, fmt.Sprintf("the target %s has no such column", spec.Target.Name),
			"run the table, which adds the column")
	}
	write, err := sqltext.NewAppender(columns[i], columns[i])
	if err != nil {
		return "", err
	}
	at, err := write(nil, []byte(spec.Mark.At))
	if err != nil {
		return "", err
	}
	return spec.Target.MarkSQL(columns[i].Name, string(at)), nil
}

// transaction is one try, inside of [txn.Run]:
//
//	START TRANSACTION
//	  OnBegin                 the caller's checks
//	  SELECT … FOR UPDATE     the rows, by key; those with other bytes or another sum stay
//	  CheckUnchanged          from the first SELECT on, no ALTER TABLE and no new trigger can come between
//	  DELETE, or UPDATE       by the keys of the rest, which are locked
//	COMMIT
func (r *remover) transaction(ctx context.Context, conn *sql.Conn) error {
	r.conn, r.res = conn, Result{Outcomes: make([]Outcome, len(r.rows))}
	for i := range r.res.Outcomes {
		r.res.Outcomes[i] = Absent
	}
	if r.spec.OnBegin != nil {
		if err := r.spec.OnBegin(ctx, conn); err != nil {
			return err
		}
	}
	for from := 0; from < len(r.rows); {
		n, err := r.lock(ctx, from)
		if err != nil {
			return err
		}
		if from == 0 {
			if err := r.spec.Target.CheckUnchanged(ctx, conn); err != nil {
				return err
			}
		}
		if err := r.changeRows(ctx, from, from+n); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// lock locks rows from a position on, as many as one statement takes, and decides which of them are Changed.
// Those that may go are Removed from here on.
func (r *remover) lock(ctx context.Context, from int) (n int, err error) {
	rows := r.rows[from:min(from+schema.KeysAtOnce, len(r.rows))]
	keys := make([]table.Texts, len(rows))
	place := make(map[string]int, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
		place[row.Key.Bytes()] = from + i
	}
	cond, n, err := r.in(keys, schema.KeysText)
	if err != nil {
		return 0, err
	}
	names := make([]string, len(r.exprs))
	for i, e := range r.exprs {
		names[i] = e.SQL
	}
	found := table.NewRows(len(r.exprs))
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + sqltext.Qualified(r.spec.Target.Name) +
		" FORCE INDEX (" + sqltext.Ident(r.spec.Target.KeyName()) + ") WHERE " + cond + " FOR UPDATE"
	if _, err := fetch.RowsOn(ctx, r.conn, query, r.exprs, found, anyBytes); err != nil {
		return 0, err
	}
	var buf []byte
	for row := range found.Len() {
		key := make(table.Texts, len(r.key))
		for i, c := range r.key {
			key[i] = string(found.Value(row, c))
		}
		at, asked := place[key.Bytes()]
		switch {
		case !asked: // another spelling of a key
		case found.Sum(row, &buf) == r.rows[at].Sum:
			r.res.Outcomes[at] = Removed
		default:
			r.res.Outcomes[at] = Changed
		}
	}
	return n, nil
}

// in is true for the rows with the first n of the keys.
func (r *remover) in(keys []table.Texts, maxText int) (sql string, n int, err error) {
	sql, n, err = r.list.In(keys, maxText)
	if len(r.spec.Target.Fixed) > 0 { // others may have the same keys
		sql = r.spec.Target.Filter + " AND " + sql
	}
	return sql, n, err
}

// changeRows deletes or marks the rows at positions [from, to) that may go. Where other tables' rows refer to some of
// them, it goes row by row, and those stay.
func (r *remover) changeRows(ctx context.Context, from, to int) error {
	var at []int
	for i := from; i < to; i++ {
		if r.res.Outcomes[i] == Removed {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return nil
	}
	err := r.exec(ctx, at)
	if mysqlerr.NumberOf(err) != mysqlerr.ErrRowIsReferenced {
		return err
	}
	for _, i := range at {
		err := r.exec(ctx, []int{i})
		if mysqlerr.NumberOf(err) == mysqlerr.ErrRowIsReferenced {
			r.res.Outcomes[i] = Referenced
		} else if err != nil {
			return err
		}
	}
	return nil
}

// exec deletes or marks rows, all of which are locked.
func (r *remover) exec(ctx context.Context, at []int) error {
	keys := make([]table.Texts, len(at))
	for i, row := range at {
		keys[i] = r.rows[row].Key
	}
	cond, n, err := r.in(keys, 2*schema.KeysText) // the same keys have been one list before
	if err != nil {
		return err
	}
	res, err := r.conn.ExecContext(ctx, r.change+cond)
	if err != nil {
		return err
	}
	changed, err := res.RowsAffected()
	if err == nil && (n != len(at) || changed != int64(len(at))) {
		return fmt.Errorf("%w: %d, and %d were locked", errCount, changed, len(at))
	}
	return err
}
