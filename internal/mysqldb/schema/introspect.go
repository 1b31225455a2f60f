package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

var (
	// ErrNotFound is returned by Table where the account sees no such table: it does not
	// exist, or nothing is granted on it.
	ErrNotFound = errors.New("no such table, or no privilege on it")
	// ErrNotABaseTable is returned by Table for a view, a sequence or a system table.
	ErrNotABaseTable = errors.New("not a base table")
)

// Read reads everything that the information schema says of one table.
//
// Name is given back as the server spells it, which differs in letter case where the server
// folds it. Columns the account may not see are missing without a trace, on either server.
func Read(ctx context.Context, d mysqldb.Reader, name table.Name) (t *Table, err error) {
	err = d.WithSession(ctx, "", "", func(conn mysqldb.RowQuerier) error {
		i := introspection{conn: conn, server: d.ServerInfo()}
		if t, err = i.tableOf(ctx, name); err != nil {
			return err
		}
		for _, step := range []func(context.Context, *Table) error{
			i.columns, i.members, i.indexes, i.rules,
		} {
			if err := step(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("introspect %s: %w", name, err)
	}
	t.withoutRowEnd()
	t.withFirstKey()
	return t, nil
}

// introspection is one reading of the information schema, on one connection.
type introspection struct {
	conn   mysqldb.RowQuerier
	server mysqldb.Server
}

// Record is a row by upper-case column names, so that columns which only some versions
// have can be asked for and come back as NULL elsewhere.
type Record map[string]sql.NullString

// Text is a column's value, "" for NULL.
func (r Record) Text(col string) string { return r[col].String }

// Number is a column's value, 0 for NULL and for a number beyond int64.
func (r Record) Number(col string) int64 {
	n, err := strconv.ParseInt(r[col].String, 10, 64)
	if err != nil {
		return 0 // NULL, or an estimate beyond int64
	}
	return n
}

func (i introspection) query(ctx context.Context, query string, args ...any) (_ []Record, err error) {
	rows, err := i.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return ScanRecords(rows)
}

// ScanRecords reads all rows.
func ScanRecords(rows *sql.Rows) ([]Record, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []Record
	for rows.Next() {
		values := make([]sql.NullString, len(names))
		dest := make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		rec := make(Record, len(names))
		for i, n := range names {
			rec[strings.ToUpper(n)] = values[i]
		}
		out = append(out, rec)
	}
	return out, rows.Err()
}

func (i introspection) tableOf(ctx context.Context, name table.Name) (*Table, error) {
	recs, err := i.query(ctx, "SELECT * FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
		name.Schema, name.Table)
	if err != nil {
		return nil, err
	}
	if len(recs) == 0 {
		return nil, ErrNotFound
	}
	r := recs[0]
	switch kind := r.Text("TABLE_TYPE"); kind {
	case "BASE TABLE", "SYSTEM VERSIONED":
	default:
		return nil, fmt.Errorf("%w: it is a %s", ErrNotABaseTable, strings.ToLower(kind))
	}
	collation := r.Text("TABLE_COLLATION")
	return &Table{
		Name:         table.Name{Schema: r.Text("TABLE_SCHEMA"), Table: r.Text("TABLE_NAME")},
		Charset:      charsetOf(collation),
		Collation:    collation,
		Comment:      r.Text("TABLE_COMMENT"),
		Engine:       r.Text("ENGINE"),
		RowsEstimate: r.Number("TABLE_ROWS"),
		Bytes:        r.Number("DATA_LENGTH") + r.Number("INDEX_LENGTH"),
		Versioned:    r.Text("TABLE_TYPE") == "SYSTEM VERSIONED",
		Partitioned:  strings.Contains(strings.ToLower(r.Text("CREATE_OPTIONS")), "partitioned"),
	}, nil
}

// charsetOf is the character set of a collation: the part of its name before the first "_".
func charsetOf(collation string) string {
	charset, _, _ := strings.Cut(collation, "_")
	if charset == "utf8" {
		return "utf8mb3"
	}
	return charset
}

func (i introspection) columns(ctx context.Context, t *Table) error {
	recs, err := i.query(ctx, "SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"+
		" ORDER BY ORDINAL_POSITION", t.Name.Schema, t.Name.Table)
	if err != nil {
		return err
	}
	for _, r := range recs {
		c, err := i.column(r)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.Text("COLUMN_NAME"), err)
		}
		t.Columns = append(t.Columns, c)
	}
	return nil
}

func (i introspection) column(r Record) (Column, error) {
	extra := r.Text("EXTRA")
	upper := strings.ToUpper(extra)
	expr := r.Text("GENERATION_EXPRESSION")
	if i.server.Flavor == mysqldb.FlavorMySQL {
		expr = unescapeExpression(expr)
	}
	c := Column{
		Column: table.Column{
			Name:          r.Text("COLUMN_NAME"),
			Type:          r.Text("COLUMN_TYPE"),
			Charset:       r.Text("CHARACTER_SET_NAME"),
			Collation:     r.Text("COLLATION_NAME"),
			Nullable:      r.Text("IS_NULLABLE") == "YES",
			Generated:     strings.Contains(upper, "VIRTUAL GENERATED") || strings.Contains(upper, "STORED GENERATED"),
			Invisible:     strings.Contains(upper, "INVISIBLE"),
			AutoIncrement: strings.Contains(upper, "AUTO_INCREMENT"),
		},
		Expression: expr,
		Stored:     strings.Contains(upper, "STORED GENERATED"),
		Comment:    r.Text("COLUMN_COMMENT"),
		OnUpdate:   onUpdate(extra),
	}
	// MariaDB's system versioning columns are filled by the server and cannot be written.
	if r.Text("IS_GENERATED") == "ALWAYS" {
		c.Generated = true
	}
	if err := setKind(&c.Column, r); err != nil {
		return c, err
	}
	c.RawCharset = needsRawCharset(i.server, &c.Column)
	c.Default = i.defaultSQL(&c, r)
	// MariaDB tells REF_SYSTEM_ID only by GEOMETRY_COLUMNS, which is never asked: it opens every
	// table of the server, and two sessions that read it at once crash 10.11 within seconds.
	if srs := r["SRS_ID"]; srs.Valid {
		n, err := strconv.ParseUint(srs.String, 10, 32)
		if err != nil {
			return c, fmt.Errorf("read its SRID: %w", err)
		}
		id := uint32(n)
		c.SRID = &id
	}
	return c, nil
}

// IsGone reports whether a table, or a column of it, is not there (any more).
func IsGone(err error) bool {
	n := mysqlerr.NumberOf(err)
	return errors.Is(err, ErrNotFound) || mysqlerr.IsMissing(err) || n == mysqlerr.ErrBadField
}
