package swap

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// IsCrashSafe reports whether a crash of the server in the middle of a RENAME of two tables leaves both as they were
// or both renamed: MySQL from 8.0, MariaDB from 10.6. Elsewhere the target may be missing afterwards.
func IsCrashSafe(s mysqldb.Server) bool {
	if s.Flavor == mysqldb.FlavorMariaDB {
		return s.AtLeast(10, 6, 0)
	}
	return s.AtLeast(8, 0, 0)
}

// Rename renames tables by one statement: each from its first name to its second. [target.Target.ExecExclusive] says
// how it waits for their locks; IsLocked reports that it got none. Where ready is not nil, it is called right before
// the statement, and its error is returned.
//
// Where the connection fails, the outcome is unknown: a later Acquire returns when the server has ended the statement,
// and Look shows what it did. After an error, the lock is gone.
func (l *Lock) Rename(ctx context.Context, ready func(context.Context) error, pairs ...[2]table.Name) error {
	names := make([]table.Name, len(pairs))
	for i, p := range pairs {
		names[i] = p[0]
	}
	var notReady error // it is the caller's: as an error of the server it would lose its type
	ask := func(ctx context.Context) error {
		if ready != nil {
			notReady = ready(ctx)
		}
		return notReady
	}
	err := l.target.ExecExclusiveOn(ctx, l.conn, ask, renameSQL(pairs), names...)
	if err == nil || notReady != nil {
		return notReady
	}
	return fmt.Errorf("rename %s: %w", names[0], mysqlerr.Safe(err))
}

func renameSQL(pairs [][2]table.Name) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = sqltext.Qualified(p[0]) + " TO " + sqltext.Qualified(p[1])
	}
	return "RENAME TABLE " + strings.Join(parts, ", ")
}

// Statement is the statement that swaps a target which is there, for people.
func Statement(r table.Replacement) string {
	return renameSQL([][2]table.Name{{r.Target, r.Old}, {r.Load, r.Target}})
}

// FirstStatement is the statement that gives a target which is not there its table, for people.
func FirstStatement(r table.Replacement) string {
	return renameSQL([][2]table.Name{{r.Load, r.Target}})
}

// IsLocked reports whether an error is that of a statement which got no lock of its tables.
func IsLocked(err error) bool { return mysqlerr.NumberOf(err) == mysqlerr.ErrLockWaitTimeout }

// Analyze renews the statistics of the table that was loaded, so that the first readers after the swap get good plans.
func Analyze(ctx context.Context, db *mysqldb.DB, name table.Name) error {
	rows, err := db.QueryContext(ctx, "ANALYZE TABLE "+sqltext.Qualified(name))
	if err != nil {
		return fmt.Errorf("analyze %s: %w", name, mysqlerr.Safe(err))
	}
	for rows.Next() { //nolint:revive // what it says of the table does not matter
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close() // the first error says more
		return fmt.Errorf("analyze %s: %w", name, mysqlerr.Safe(err))
	}
	return rows.Close()
}

// Now is the server's clock in seconds since 1970.
func (l *Lock) Now(ctx context.Context) (now int64, err error) {
	if err = l.conn.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP()").Scan(&now); err != nil {
		return 0, fmt.Errorf("ask for the time: %w", mysqlerr.Safe(err))
	}
	return now, nil
}
