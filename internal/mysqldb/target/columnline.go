package target

import (
	"context"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// columnLines are the definitions of a table's columns as SHOW CREATE TABLE has them. What they hold beside the type is
// kept by a MODIFY only where it is said again, and the information schema does not know all of it.
func columnLines(ctx context.Context, d *mysqldb.DB, t *schema.Table) (map[string]string, error) {
	var name, create string
	if err := d.QueryRowContext(ctx, "SHOW CREATE TABLE "+sqltext.Qualified(t.Name)).Scan(&name, &create); err != nil {
		return nil, err
	}
	lines := map[string]string{}
	for _, line := range strings.Split(create, "\n") {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "  "), ",")
		for _, c := range t.Columns {
			if strings.HasPrefix(line, sqltext.Ident(c.Name)+" ") {
				lines[c.Name] = line
			}
		}
	}
	return lines, nil
}

// tiedColumns are those of foreign keys of and to a table, in lower case: their types cannot change.
func tiedColumns(ctx context.Context, d *mysqldb.DB, t *schema.Table) (map[string]bool, error) {
	names, err := schema.QueryNames(ctx, d, "SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE "+
		"TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL UNION ALL SELECT "+
		"REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = ? AND "+
		"REFERENCED_TABLE_NAME = ?", t.Name.Schema, t.Name.Table, t.Name.Schema, t.Name.Table)
	tied := map[string]bool{}
	for _, n := range names {
		tied[strings.ToLower(n)] = true
	}
	return tied, err
}

// modified is a column's definition with another type; "" where the line cannot be read with
// certainty. A '?' in it may stand for a character that the server could not show.
func modified(line string, c *schema.Column, sqlType string, nullable bool) string {
	rest, ok := strings.CutPrefix(line, sqltext.Ident(c.Name)+" ")
	if !ok {
		return ""
	}
	if c.Kind == table.KindEnum || c.Kind == table.KindSet {
		rest, ok = afterMembers(rest)
	} else {
		rest, ok = strings.CutPrefix(rest, strings.ToLower(c.Type))
	}
	if !ok || rest != "" && rest[0] != ' ' || strings.Contains(rest, "?") {
		return ""
	}
	if c.Kind == table.KindDateTime || c.Kind == table.KindTimestamp {
		rest = nowWith(rest, sqlType)
	}
	if !c.Nullable && nullable {
		if !strings.Contains(rest, " NOT NULL") {
			return ""
		}
		rest = strings.Replace(rest, " NOT NULL", " NULL", 1)
	}
	return sqltext.Ident(c.Name) + " " + sqlType + rest
}

var nowCall = regexp.MustCompile(`(?i)\bcurrent_timestamp(\([0-6]?\))?`)

// nowWith gives CURRENT_TIMESTAMP in a column's DEFAULT and ON UPDATE as many digits as the type has,
// which servers insist on.
func nowWith(rest, sqlType string) string {
	clauses, comment, found := strings.Cut(rest, " COMMENT ")
	digits := sqlType[strings.IndexByte(sqlType+"(", '('):]
	clauses = nowCall.ReplaceAllString(clauses, "CURRENT_TIMESTAMP"+digits)
	if found {
		clauses += " COMMENT " + comment
	}
	return clauses
}

// afterMembers is what follows the members of an ENUM or SET.
func afterMembers(definition string) (rest string, ok bool) {
	for i := strings.IndexByte(definition, '(') + 1; i > 0 && i < len(definition); {
		switch definition[i] {
		case '\'':
			i = quoteEnd(definition, i)
		case ')':
			return definition[i+1:], true
		default:
			i++
		}
	}
	return "", false
}
