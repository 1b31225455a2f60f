package target

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// otherForeignKeys are the foreign keys of a table that refer to other tables.
func otherForeignKeys(t *schema.Table) []string {
	return slices.DeleteFunc(slices.Clone(t.ForeignKeys),
		func(name string) bool { return slices.Contains(t.SelfReferences, name) })
}

// checkSelfReferences decides on a target that refers to itself by a foreign key. Rows come in the
// order of the source's key or cursor, so that a row may come before the one that it refers to, and
// no order of rows or runs is right for every table: two rows may refer to each other.
//
// Where nothing else hangs on it, the rows are written without looking at foreign keys: each row that the source has is
// there when the run is done. Otherwise the table is refused, because a session without checks has none at all: neither
// those of other foreign keys, nor what follows a change of a key or a deletion.
func (c *comparison) checkSelfReferences(ctx context.Context) error {
	target := c.target
	if len(target.SelfReferences) == 0 {
		return nil
	}
	kept, err := keepsSelfReferences(ctx, c.src, c.source.Name, c.dst, target.Name)
	if err != nil {
		return err
	}
	var why string
	switch others := otherForeignKeys(target); {
	case !kept:
		why = "the source does not keep it, and may have rows that refer to none"
	case c.options.Replace:
		why = "uniqueConflicts: replace removes rows for a moment, which the foreign key has to see"
	case len(others) > 0:
		why = "without checks, " + strings.Join(others, ", ") + " would not be checked either"
	case len(target.SelfReferencesByUnique) > 0:
		why = "it refers by a unique key, whose values change"
	default:
		child, err := refersByUnique(ctx, c.dst, c.Name)
		if err != nil {
			return err
		}
		if child != "" {
			why = "table " + child + " refers to a unique key of it, whose values change"
		}
	}
	names := strings.Join(target.SelfReferences, ", ")
	if why == "" {
		c.RefersToItself = true
		c.addFinding(table.LevelInfo, "", "the target refers to itself by a foreign key ("+names+
			"), which is not looked at while rows are written: a row may come before the one that it refers to", "")
		return nil
	}
	var drops []string
	for _, name := range target.SelfReferences {
		drops = append(drops, "DROP FOREIGN KEY "+sqltext.Ident(name))
	}
	c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target refers to itself by a foreign key (%s), and a row may "+
		"come before the one that it refers to; the foreign key cannot be left unchecked: %s", names, why), fmt.Sprintf(
		"ALTER TABLE %s %s", sqltext.Qualified(target.Name), strings.Join(drops, ", ")))
	return nil
}

// keepsSelfReferences reports whether a source has every foreign key to itself that a target has.
func keepsSelfReferences(ctx context.Context, src mysqldb.Reader, source table.Name, dst *mysqldb.DB,
	target table.Name,
) (bool, error) {
	have, err := selfReferences(ctx, src, source)
	if err != nil {
		return false, err
	}
	need, err := selfReferences(ctx, dst, target)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(need, func(columns string) bool { return !slices.Contains(have, columns) }), nil
}

// selfReferences are the columns of each foreign key to the table itself, and those that it refers to.
func selfReferences(ctx context.Context, d mysqldb.Reader, name table.Name) (out []string, err error) {
	rows, err := d.QueryContext(ctx, "SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_COLUMN_NAME FROM "+
		"information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_SCHEMA = "+
		"TABLE_SCHEMA AND CAST(REFERENCED_TABLE_NAME AS BINARY) = CAST(TABLE_NAME AS BINARY) ORDER BY "+
		"CONSTRAINT_NAME, ORDINAL_POSITION", name.Schema, name.Table)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	last := ""
	for rows.Next() {
		var constraint, column, referenced string
		if err := rows.Scan(&constraint, &column, &referenced); err != nil {
			return nil, err
		}
		if len(out) == 0 || constraint != last {
			out, last = append(out, ""), constraint
		}
		out[len(out)-1] += table.FoldColumn(column) + "\x00" + table.FoldColumn(referenced) + "\x00"
	}
	return out, rows.Err()
}

// refersByUnique is another table with a foreign key to a table's unique key that is not the primary
// key; "" for none that the login can see.
func refersByUnique(ctx context.Context, d *mysqldb.DB, name table.Name) (child string, err error) {
	err = d.QueryRowContext(ctx, "SELECT COALESCE(MIN(CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME)), '') FROM "+
		"information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = ? AND REFERENCED_TABLE_NAME = ? "+
		"AND UNIQUE_CONSTRAINT_NAME <> 'PRIMARY' AND NOT (CONSTRAINT_SCHEMA = UNIQUE_CONSTRAINT_SCHEMA AND TABLE_NAME "+
		"= REFERENCED_TABLE_NAME)", name.Schema, name.Table).Scan(&child)
	return child, err
}
