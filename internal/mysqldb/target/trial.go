package target

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// trialTable is the temporary table in which a plan tries what it is going to do. No other session sees
// it, it goes with its session, and no table of that name is ever touched.
const trialTable = "tablehaul_trial"

// trial is a session of the target with at most one temporary table.
type trial struct {
	conn *sql.Conn
	to   mysqldb.Server
	name table.Name
	made bool
	// unavailable says why nothing can be tried, where that is so.
	unavailable string
}

// newTrial begins a trial in the schema of the target table. close must be called.
func newTrial(ctx context.Context, dst *mysqldb.DB, name table.Name) (*trial, error) {
	conn, err := dst.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &trial{conn: conn, to: dst.Server}
	schemas, err := schema.Schemas(ctx, dst)
	if err != nil {
		t.close()
		return nil, err
	}
	// Where the database is not there yet, any other does.
	for _, schema := range append([]string{name.Schema}, schemas...) {
		t.name = table.Name{Schema: schema, Table: trialTable}
		if err = t.create(ctx, "(i INT)"); mysqlerr.NumberOf(err) != mysqlerr.ErrBadDB {
			break
		}
	}
	switch {
	case err == nil:
	case mysqlerr.NumberOf(err) == 0:
		t.close()
		return nil, err
	default:
		t.unavailable = fmt.Sprintf("its expression was not tried, since no temporary table can be created on the "+
			"target (error %d; %s allows it)", mysqlerr.NumberOf(err), dst.Server.Grant("CREATE TEMPORARY TABLES",
			sqltext.Ident(name.Schema)+".*"))
	}
	return t, nil
}

// create drops the temporary table and creates it again.
func (t *trial) create(ctx context.Context, definition string) error {
	if t.made {
		if _, err := t.conn.ExecContext(ctx, "DROP TEMPORARY TABLE "+sqltext.Qualified(t.name)); err != nil {
			return err
		}
		t.made = false
	}
	_, err := t.conn.ExecContext(ctx, "CREATE TEMPORARY TABLE "+sqltext.Qualified(t.name)+" "+definition)
	t.made = err == nil
	return err
}

// close gives the session back, without the table; one that still has it ends.
func (t *trial) close() {
	if t.made {
		ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
		defer cancel()
		if _, err := t.conn.ExecContext(ctx, "DROP TEMPORARY TABLE "+sqltext.Qualified(t.name)); err != nil {
			_ = t.conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}
	_ = t.conn.Close() // says only whether the connection is closed already
}

// accepts creates a table of the columns and says why it does not take rows with the values of base, or "".
func (t *trial) accepts(ctx context.Context, columns []string, base []*schema.Column, onTarget []table.Column,
	rows *table.Rows,
) (string, error) {
	err := t.create(ctx, "("+trialKey+" INT PRIMARY KEY, "+strings.Join(columns, ", ")+") ENGINE=InnoDB")
	why := ""
	if err == nil {
		why, err = t.insert(ctx, base, onTarget, rows)
	}
	if mysqlerr.NumberOf(err) != 0 {
		return fmt.Sprintf("%s does not take its expression, or not for all rows (error %d)", t.to,
			mysqlerr.NumberOf(err)), nil
	}
	return why, err
}

// computes creates a table of the columns, the last of which is generated, writes rows whose values
// are those of base and then the generated column's, and says why it computes something else, or "".
func (t *trial) computes(ctx context.Context, columns []string, generated table.Column, base []*schema.Column,
	onTarget []table.Column, rows *table.Rows,
) (string, error) {
	if t.unavailable != "" {
		return t.unavailable, nil
	}
	if why, err := t.accepts(ctx, columns, base, onTarget, rows); err != nil || why != "" {
		return why, err
	}
	expr := sqltext.Value(t.to, generated)
	got := table.NewRows(1)
	if _, err := fetch.RowsOn(ctx, t.conn, "SELECT "+expr.SQL+" FROM "+sqltext.Qualified(t.name)+" ORDER BY "+trialKey,
		[]sqltext.Expr{expr}, got, 1<<30); mysqlerr.NumberOf(err) != 0 {
		return fmt.Sprintf("%s cannot read what it computes (error %d)", t.to, mysqlerr.NumberOf(err)), nil
	} else if err != nil {
		return "", err
	}
	for i := range rows.Len() {
		want := rows.Value(i, len(base))
		if i >= got.Len() || (want == nil) != (got.Value(i, 0) == nil) || !bytes.Equal(want, got.Value(i, 0)) {
			return fmt.Sprintf("%s computes something else for some rows", t.to), nil
		}
	}
	return "", nil
}

const trialKey = "tablehaul_row"

// insert writes the base values of rows; it says why they cannot be written, or "".
func (t *trial) insert(ctx context.Context, base []*schema.Column, onTarget []table.Column, rows *table.Rows) (string,
	error,
) {
	names := trialKey
	appenders := make([]sqltext.Appender, len(base))
	for i, b := range base {
		var err error
		if appenders[i], err = sqltext.NewAppender(b.Column, onTarget[i]); err != nil {
			return "a column that it depends on cannot be written", nil
		}
		names += ", " + sqltext.Ident(b.Name)
	}
	const batch = 100
	for from := 0; from < rows.Len(); from += batch {
		stmt := []byte("INSERT INTO " + sqltext.Qualified(t.name) + " (" + names + ") VALUES ")
		for row := from; row < min(from+batch, rows.Len()); row++ {
			if row > from {
				stmt = append(stmt, ',')
			}
			stmt = fmt.Appendf(stmt, "(%d", row)
			for i := range base {
				stmt = append(stmt, ',')
				v := rows.Value(row, i)
				if v == nil {
					stmt = append(stmt, "NULL"...)
					continue
				}
				var err error
				if stmt, err = appenders[i](stmt, v); err != nil {
					return "a value that it depends on cannot be written", nil
				}
			}
			stmt = append(stmt, ')')
		}
		if _, err := t.conn.ExecContext(ctx, string(stmt)); err != nil {
			return "", err
		}
		var warnings int
		if err := t.conn.QueryRowContext(ctx, "SELECT @@warning_count").Scan(&warnings); err != nil {
			return "", err
		}
		if warnings > 0 { // a chunk with a warning is refused
			return fmt.Sprintf("%s warns when it computes some rows", t.to), nil
		}
	}
	return "", nil
}
