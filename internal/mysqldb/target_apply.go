package mysqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ApplyTarget runs a plan's statements. A plan that was refused is an error.
//
// Each statement commits by itself; after an error, plan again and what is left is done.
func (d *DB) ApplyTarget(ctx context.Context, p TargetPlan) error {
	if p.Refused() {
		return fmt.Errorf("change the target %s: %w", p.Name, refuse("", "the plan was refused", "resolve its findings and plan again"))
	}
	if len(p.Statements) == 0 {
		return nil
	}
	conn, err := d.Conn(ctx)
	if err != nil {
		return fmt.Errorf("change the target %s: %w", p.Name, Safe(err))
	}
	defer func() { _ = conn.Close() }() // says only whether the connection was given up
	if err := d.applyStatements(ctx, conn, p.Statements); err != nil {
		return fmt.Errorf("change the target %s: %w", p.Name, err)
	}
	return nil
}

// applyStatements runs DDL that does not wait long for a table that others use: whoever comes
// after it would wait as well.
func (d *DB) applyStatements(ctx context.Context, conn *sql.Conn, statements []string) error {
	if _, err := conn.ExecContext(ctx, "SET @tablehaul_wait = @@SESSION.lock_wait_timeout, SESSION lock_wait_timeout = 3"); err != nil {
		return Safe(err)
	}
	for _, statement := range statements {
		if err := d.execStructure(ctx, conn, statement); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // never a session in the pool with another setting
			return ddlError(statement, err)
		}
	}
	if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = @tablehaul_wait"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // all statements have been executed
	}
	return nil
}

// ddlError keeps the server's text of a CREATE, which is about names: there are no rows yet.
// Whatever the server has against it, it will have again, except that someone else was faster.
func ddlError(statement string, err error) error {
	p := Describe(err)
	number, text, ok := serverMessage(err)
	if !strings.HasPrefix(statement, "CREATE ") || !ok ||
		p.Class != ClassUnknown && p.Class != ClassConfiguration && p.Class != ClassRowData {
		return Safe(err)
	}
	switch number {
	case errDBExists, errTableExists:
		return Safe(err) // planning again finds it
	}
	p.Class, p.Sentence = ClassConfiguration, text
	if p.Remedy == "" || number == errParse {
		p.Remedy = "create the target by hand, so that it takes the source's rows"
	}
	return NewError(p)
}

// alterable is an ALTER TABLE as a table that keeps its history takes it.
func alterable(t *Table, p *TargetPlan, statement string) string {
	if !t.Versioned {
		return statement
	}
	p.note(table.LevelInfo, "", "the target keeps former rows (WITH SYSTEM VERSIONING), which are altered as well", "")
	return "SET STATEMENT system_versioning_alter_history = KEEP FOR " + statement
}
