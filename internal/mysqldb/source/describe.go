package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// leastText is the length of a column that is added for a constant text: other sources of the same target have others.
const leastText, plainText = 64, 255

// Describe asks the server what an SQL expression of a table's columns gives: the column that a target needs for it,
// without a name, and its value where that is the same for every row and not NULL. It reads no row.
//
// An expression that the server does not take, and one that has no type, are findings.
func (s *Source) Describe(
	ctx context.Context, t *schema.Table, path, expr string,
) (c table.Column, constant *string, found []table.Finding, err error) {
	refuse := func(text, remedy string) {
		f := &findings{table: t.Name}
		f.add(table.LevelRefuse, "", table.TopicMapping, path+text, remedy)
		found = f.list
	}
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT (%s) FROM %s LIMIT 0", expr, sqltext.Qualified(t.Name)))
	if number, text, ok := refusedSQL(err); ok {
		if number != mysqlerr.ErrTableAccessDenied { // of which the check of the source tells
			refuse(fmt.Sprintf(": the source does not take it (%d: %s)", number, text),
				"write an SQL expression of the source's own columns")
		}
		return c, nil, found, nil
	}
	if err != nil {
		return c, nil, nil, fmt.Errorf("try an expression of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	types, typesErr := rows.ColumnTypes()
	if err := errors.Join(typesErr, rows.Err(), rows.Close()); err != nil {
		return c, nil, nil, fmt.Errorf("try an expression of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	if constant, err = s.constant(ctx, expr); err != nil {
		return c, nil, nil, fmt.Errorf("try an expression of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	text := typeText(types[0], constant)
	if text == "" {
		refuse(fmt.Sprintf(": it has no type that a column can have (%s)", types[0].DatabaseTypeName()),
			"write CAST(… AS …) around it")
		return c, nil, found, nil
	}
	c, err = schema.ParseType(text, table.Column{Nullable: constant == nil})
	return c, constant, nil, err
}

// refusedSQL is the error of a statement that the server will not take, however often it is sent.
func refusedSQL(err error) (number uint16, text string, ok bool) {
	number, text, ok = mysqlerr.ServerMessage(err)
	passing := []mysqlerr.Class{mysqlerr.ClassRetry, mysqlerr.ClassFailover, mysqlerr.ClassCapacity}
	return number, text, ok && !slices.Contains(passing, mysqlerr.Classify(err))
}

// constant is the value of an expression that has no column; nil where it has one, or is NULL.
func (s *Source) constant(ctx context.Context, expr string) (*string, error) {
	var value sql.NullString
	err := s.db.QueryRowContext(ctx, "SELECT ("+expr+")").Scan(&value)
	if _, _, ok := refusedSQL(err); ok || err == nil && !value.Valid {
		return nil, nil //nolint:nilerr // a name that is no column of no table
	}
	if err != nil {
		return nil, err
	}
	return &value.String, nil
}

// typeText is the type of a column for what an expression gives; empty where there is none.
func typeText(t *sql.ColumnType, constant *string) string {
	name := t.DatabaseTypeName()
	digits, scale, _ := t.DecimalSize()
	switch {
	case strings.HasSuffix(name, "INT"):
		if strings.HasPrefix(name, "UNSIGNED") {
			return "bigint unsigned"
		}
		return "bigint"
	case name == "DECIMAL":
		// The driver counts a place for the sign, which an unsigned number does not have: one more digit holds both.
		return fmt.Sprintf("decimal(%d,%d)", min(65, max(digits, 1)+1), min(30, scale))
	case name == "FLOAT", name == "DOUBLE":
		return "double"
	case name == "DATETIME", name == "TIMESTAMP", name == "TIME":
		if scale > 0 && scale <= 6 {
			return fmt.Sprintf("%s(%d)", strings.ToLower(strings.Replace(name, "TIMESTAMP", "DATETIME", 1)), scale)
		}
		return strings.ToLower(strings.Replace(name, "TIMESTAMP", "DATETIME", 1))
	case name == "DATE", name == "YEAR", name == "JSON":
		return strings.ToLower(name)
	case name == "TEXT":
		return "longtext"
	case name == "BLOB":
		return "longblob"
	case name == "CHAR", name == "VARCHAR", name == "ENUM", name == "SET":
		return fmt.Sprintf("varchar(%d)", textLength(constant))
	case name == "BINARY", name == "VARBINARY":
		return fmt.Sprintf("varbinary(%d)", textLength(constant))
	}
	return ""
}

func textLength(constant *string) int {
	if constant == nil {
		return plainText
	}
	return max(leastText, len([]rune(*constant)))
}
