package target

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// fetchExact replaces those defaults and expressions of the named columns that the information schema may show wrongly:
// it speaks utf8mb3, cuts binary defaults at a NUL, and MySQL's gives a TIMESTAMP in the zone of the session that
// declared it. A default whose bytes cannot be read is left out, and noted. It reads one row at most.
func (d *ddl) fetchExact(ctx context.Context, src mysqldb.Reader, named func(*schema.Column) bool) error {
	exact := *d.source // which others share
	exact.Columns = slices.Clone(d.source.Columns)
	d.source = &exact
	if err := d.readDefaults(ctx, src, named); err != nil {
		return err
	}
	return d.readExpressions(ctx, src, named)
}

// isExpressionDefault reports whether a DEFAULT is computed for every row.
func isExpressionDefault(c *schema.Column) bool {
	if c.Default == nil {
		return false
	}
	return strings.HasPrefix(*c.Default, "(") && !isQuotedLiteral(*c.Default) ||
		schema.IsCurrentTimestamp(c, *c.Default)
}

// isQuotedLiteral reports a literal in parentheses, as MySQL wants it for a TEXT or BLOB.
func isQuotedLiteral(def string) bool {
	return strings.HasPrefix(def, "(") && strings.HasSuffix(def, ")") && schema.IsLiteral(def[1:len(def)-1])
}

// mayBeShownWrongly reports whether a column's default may be another one than the text says.
func mayBeShownWrongly(c *schema.Column) bool {
	switch c.Kind {
	case table.KindBytes, table.KindTimestamp, table.KindFloat: // of a FLOAT, MySQL shows six digits
		return true
	case table.KindString, table.KindEnum, table.KindSet:
		return strings.Contains(*c.Default, "?") || c.RawCharset || c.SetByNumber()
	default:
		return false
	}
}

// readDefaults asks the source for the values of defaults.
func (d *ddl) readDefaults(ctx context.Context, src mysqldb.Reader, named func(*schema.Column) bool) error {
	var exprs []sqltext.Expr
	var columns []*schema.Column
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if c.Default == nil || !named(c) || isExpressionDefault(c) || !mayBeShownWrongly(c) {
			continue
		}
		exprs = append(exprs,
			sqltext.ValueOf(src.ServerInfo(), c.Column, "DEFAULT("+tableAlias+"."+sqltext.Column(c.Column)+")"))
		columns = append(columns, c)
	}
	if len(columns) == 0 {
		return nil
	}
	list := make([]string, len(exprs))
	for i, e := range exprs {
		list[i] = e.SQL
	}
	rows := table.NewRows(len(exprs))
	query := "SELECT " + strings.Join(list, ", ") + " FROM (SELECT 1) AS one LEFT JOIN " +
		sqltext.Qualified(d.source.Name) + " AS " + tableAlias + " ON TRUE LIMIT 1"
	if _, err := fetch.Rows(ctx, src, query, exprs, rows,
		1<<30); mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
		return nil // no SELECT: the source's preflight says so
	} else if err != nil {
		return fmt.Errorf("read the defaults: %w", err)
	}
	for i, c := range columns {
		if rows.Len() == 0 || rows.Value(0, i) == nil {
			// A NOT NULL column of a table without rows.
			d.addFinding(table.LevelInfo, c.Name, "its default is not created on the target: it can only be read from "+
				"a table with rows", "")
			c.Default = nil
			continue
		}
		def, err := d.defaultLiteral(c, rows.Value(0, i))
		if err != nil {
			return err
		}
		c.Default = &def
	}
	return nil
}

const tableAlias = "t"

// defaultLiteral writes a default's value so that DDL takes it bit for bit.
func (d *ddl) defaultLiteral(c *schema.Column, value []byte) (string, error) {
	var text []byte
	switch {
	case c.SetByNumber():
		text = sqltext.AppendQuoted(nil, value)
		if to, err := sqltext.SetText(c.Members, string(value)); err == nil {
			text = sqltext.AppendQuoted(nil, []byte(to))
		}
	case c.Kind == table.KindFloat:
		var err error
		if text, err = sqltext.AppendDouble(nil, value); err != nil {
			return "", err
		}
	case c.Kind == table.KindBytes && len(value) > 0:
		text = sqltext.AppendHex(nil, value)
	case c.RawCharset:
		write, err := sqltext.RawCharsetAppender(c.Charset)
		if err != nil {
			return "", err
		}
		if text, err = write(nil, value); err != nil {
			return "", err
		}
	default:
		text = sqltext.AppendQuoted(nil, value)
	}
	if strings.HasPrefix(*c.Default, "(") {
		return "(" + string(text) + ")", nil
	}
	return string(text), nil
}

// readExpressions takes expressions from the CREATE statement as the server stores it. Over a
// connection without a character set for results its bytes are whole.
func (d *ddl) readExpressions(ctx context.Context, src mysqldb.Reader, named func(*schema.Column) bool) error {
	uncertain := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return r == '?' || r > 0x7e })
	}
	var create string
	for i := range d.source.Columns {
		c := &d.source.Columns[i]
		if !named(c) {
			continue
		}
		ofDefault := isExpressionDefault(c) && uncertain(*c.Default)
		if !ofDefault && !uncertain(c.Expression) {
			continue
		}
		if create == "" {
			var err error
			if create, err = exactCreateStatement(ctx, src, d.source.Name); err != nil {
				return err
			}
		}
		if exact, ok := exactExpression(create, c.SourceName(), c.Expression); ok && c.Expression != "" {
			c.Expression = exact
		}
		if ofDefault {
			if exact, ok := exactExpression(create, c.SourceName(), *c.Default); ok {
				c.Default = &exact
			}
		}
	}
	return nil
}

// exactExpression finds an expression of a column in a CREATE statement, where shown is the same
// with other signs in the place of some characters.
func exactExpression(create, column, shown string) (string, bool) {
	_, rest, ok := strings.Cut(create, "\n  "+sqltext.Ident(column)+" ")
	if !ok {
		return "", false
	}
	inParentheses := strings.HasPrefix(shown, "(") && strings.HasSuffix(shown, ")")
	if inParentheses {
		shown = shown[1 : len(shown)-1] // MariaDB's statement has none around a default
	}
	if len(shown) > 1<<10 {
		return "", false // more than an expression for regexp
	}
	pattern := doubtfulSigns.ReplaceAllString(regexp.QuoteMeta(shown), `[^\x00-\x1f]+?`)
	find, err := regexp.Compile(`^[^\n]*?[ (](` + pattern + `)(?:[ ,)\n]|$)`)
	if err != nil {
		return "", false
	}
	m := find.FindStringSubmatch(rest)
	if m == nil {
		return "", false
	}
	if inParentheses {
		return "(" + m[1] + ")", true
	}
	return m[1], true
}

// doubtfulSigns are what a catalog shows in the place of characters; regexp quotes '?'.
var doubtfulSigns = regexp.MustCompile(`(?:\\\?|[^\x00-\x7e])+`)

// exactCreateStatement is the CREATE statement with every character as it is stored.
func exactCreateStatement(ctx context.Context, d mysqldb.Reader, name table.Name) (create string, err error) {
	const binary, text = "SET character_set_results = binary", "SET character_set_results = utf8mb4"
	err = d.WithSession(ctx, binary, text, func(conn mysqldb.RowQuerier) error {
		var shown string
		return conn.QueryRowContext(ctx, "SHOW CREATE TABLE "+sqltext.Qualified(name)).Scan(&shown, &create)
	})
	return create, err
}
