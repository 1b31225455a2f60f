package swap

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// lockSeconds is how long Lock waits for another step of the same target.
const lockSeconds = 10

// ErrLocked is returned by Lock while another step, or a statement that outlives its step, holds the lock.
var ErrLocked = errors.New("another step makes, renames or drops tables beside the target")

// Lock is the right to make, rename and drop the tables beside a target. It is a lock of the server's (GET_LOCK) that
// lives as long as its connection: a statement whose reply was lost keeps it until the server has ended it.
type Lock struct {
	// Tables are those of the target, spelled as the server has them.
	Tables table.Replacement

	target *target.Target
	conn   *sql.Conn
	name   string
}

// NamesOf are the tables beside a target, spelled as the server has them.
func NamesOf(db *mysqldb.DB, target table.Name) table.Replacement {
	if db.Server.FoldsNames {
		target.Table = strings.ToLower(target.Table)
	}
	return table.ReplacementOf(target)
}

// Acquire gets the lock of a target, or ErrLocked. Release gives it back.
func Acquire(ctx context.Context, t *target.Target, name table.Name) (*Lock, error) {
	names := NamesOf(t.DB, name)
	sum := sha256.Sum256([]byte(sqltext.Qualified(names.Target)))
	l := &Lock{Tables: names, target: t, name: "tablehaul-" + hex.EncodeToString(sum[:16])}
	var err error
	if l.conn, err = t.Conn(ctx); err != nil {
		return nil, fmt.Errorf("lock the tables beside %s: %w", name, mysqlerr.Safe(err))
	}
	var got sql.NullInt64
	err = l.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", l.name, lockSeconds).Scan(&got)
	if err == nil && got.Int64 == 1 {
		return l, nil
	}
	l.Release()
	if err == nil {
		return nil, fmt.Errorf("lock the tables beside %s: %w", name, ErrLocked)
	}
	return nil, fmt.Errorf("lock the tables beside %s: %w", name, mysqlerr.Safe(err))
}

// Release gives the lock back. The connection ends with it: its session has settings of its own.
func (l *Lock) Release() {
	txn.Drop(l.conn)
	_ = l.conn.Close() // says only whether it is closed already
}

// There says which of the tables exist.
type There struct{ Target, Load, Old bool }

// Look says which of a target's tables exist.
func (l *Lock) Look(ctx context.Context) (There, error) {
	return look(ctx, l.target.DB, l.conn, l.Tables)
}

func look(ctx context.Context, db *mysqldb.DB, q mysqldb.Querier, r table.Replacement) (found There, err error) {
	rows, err := q.QueryContext(ctx, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND "+
		"TABLE_NAME IN (?, ?, ?)", r.Target.Schema, r.Target.Table, r.Load.Table, r.Old.Table)
	if err != nil {
		return found, fmt.Errorf("look for the tables beside %s: %w", r.Target, mysqlerr.Safe(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	same := func(a, b string) bool { return a == b || db.Server.FoldsNames && strings.EqualFold(a, b) }
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return found, err
		}
		found.Target = found.Target || same(name, r.Target.Table)
		found.Load = found.Load || same(name, r.Load.Table)
		found.Old = found.Old || same(name, r.Old.Table)
	}
	return found, rows.Err()
}

// Check fails where a newer run has begun on the target.
func (l *Lock) Check(ctx context.Context, ref lineage.Ref) error {
	return lineage.Check(ctx, l.target.DB, l.conn, ref)
}

// Record is the target's replacement as its row says it; nil for none.
func (l *Lock) Record(ctx context.Context) (*lineage.Replacement, error) {
	return lineage.ReadReplacement(ctx, l.conn, l.Tables)
}

// SetRecord writes the target's replacement.
func (l *Lock) SetRecord(ctx context.Context, r lineage.Replacement) error {
	return lineage.WriteReplacement(ctx, l.conn, l.Tables, r)
}

// Writes is what the server knows of writes to the target, or to one of the tables beside it.
func (l *Lock) Writes(ctx context.Context, name table.Name) (*lineage.Writes, error) {
	w, err := ReadWrites(ctx, l.target.DB, name)
	return &w, err
}

// Drop drops one of the tables beside the target, if it is there. [target.Target.ExecExclusive] says how it waits for
// the lock of the table, which people may read. After an error, the lock is gone.
func (l *Lock) Drop(ctx context.Context, name table.Name) error {
	if name == l.Tables.Target {
		return fmt.Errorf("drop %s: it is the target", name)
	}
	statement := "DROP TABLE IF EXISTS " + sqltext.Qualified(name)
	if err := l.target.ExecExclusiveOn(ctx, l.conn, nil, statement, name); err != nil {
		return fmt.Errorf("drop %s: %w", name, mysqlerr.Safe(err))
	}
	return nil
}

// Create makes the table that is loaded. Its foreign keys need the locks of the tables that they refer to, which others
// use: it waits for them as Drop does. After an error, the lock is gone.
func (l *Lock) Create(ctx context.Context, statement string) error {
	if err := l.target.ExecExclusiveOn(ctx, l.conn, nil, statement, l.Tables.Load); err != nil {
		return fmt.Errorf("make the table beside %s: %w", l.Tables.Target, mysqlerr.Safe(err))
	}
	return nil
}
