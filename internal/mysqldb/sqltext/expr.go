package sqltext

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Expr is one expression of a SELECT list and the kind its values have.
type Expr struct {
	SQL  string
	Kind table.Kind
	// StripZeros says that leading zeros are display (ZEROFILL) and not value.
	StripZeros bool
	// Fraction is how many digits the text of a DECIMAL has behind the point, where the server may print fewer.
	Fraction int
}

// Value selects a column so that the text protocol sends the text that a value of its
// kind has; see the kinds of package table.
func Value(server mysqldb.Server, c table.Column) Expr {
	if c.Expr != "" {
		return ValueOf(server, c, "("+c.Expr+")")
	}
	return ValueOf(server, c, Column(c))
}

// Column quotes a column's name in the table that it is read from.
func Column(c table.Column) string { return Ident(c.SourceName()) }

// ValueOf is valueExpr of an expression that has a value of the column's type.
func ValueOf(server mysqldb.Server, c table.Column, name string) Expr {
	e := Expr{SQL: name, Kind: c.Kind, StripZeros: c.Kind == table.KindDecimal && isZerofill(c)}
	switch {
	case c.Kind == table.KindDecimal && c.Expr != "":
		// Of IF() and CASE, a server prints the branch as it is: 0, or the zeros in front of a ZEROFILL column.
		e.StripZeros, e.Fraction = true, c.Scale
	case c.Kind == table.KindFloat, c.Kind == table.KindDouble && (c.Expr != "" || strings.Contains(c.Type, "(")):
		// As FLOAT only six digits would be sent, and of a DOUBLE(10,3) three behind the point: of one in fourteen,
		// they are another double than the one that is stored. An expression that is carried as DOUBLE may be a FLOAT
		// there.
		if server.Flavor == mysqldb.FlavorMariaDB || server.AtLeast(8, 0, 17) {
			e.SQL = "CAST(" + name + " AS DOUBLE)"
		} else {
			e.SQL = name + " * 1e0"
		}
	case c.RawCharset:
		e.SQL = "CAST(" + name + " AS BINARY)"
	}
	if c.SetByNumber() {
		e.SQL = SetNumber(name)
	}
	if c.Kind == table.KindEnum && slices.Contains(c.Members, "") {
		// A bare hex literal is binary, and would make the whole expression binary.
		e.SQL = "IF(CAST(" + name + " AS UNSIGNED) = 0, _utf8mb4 x'00', CONVERT(" + name + " USING utf8mb4))"
	}
	return e
}

func isZerofill(c table.Column) bool {
	const word = "zerofill"
	return len(c.Type) >= len(word) && c.Type[len(c.Type)-len(word):] == word
}

// Position selects a part of the position that the page itself does not hold.
func Position(server mysqldb.Server, c table.Column) Expr {
	if ComparesByNumber(c.Kind) {
		return Expr{SQL: "CAST(" + Column(c) + " AS UNSIGNED)", Kind: table.KindUint}
	}
	return Value(server, c)
}

// ComparesByNumber says that the server orders a kind by its number and not by its text.
func ComparesByNumber(k table.Kind) bool { return k == table.KindEnum || k == table.KindSet }

// Comparand chooses how a text is written so that it compares with a column exactly as the
// column's own values do: same type, character set and collation. Anything else converts the
// column instead, which leaves its index unused or, worse, compares by other rules.
func Comparand(c table.Column) (func(text string) (string, error), error) {
	base := c
	if ComparesByNumber(c.Kind) {
		base = table.Column{Name: c.Name, Kind: table.KindUint}
	}
	literal, err := NewAppender(base, base)
	if err != nil {
		return nil, err
	}
	collate := ""
	if c.Collation != "" && c.Kind == table.KindString {
		collate = " COLLATE " + Ident(c.Collation)
	}
	convert := c.Kind == table.KindString && !c.RawCharset && c.Charset != "utf8mb4" && c.Charset != ""
	return func(text string) (string, error) {
		sql, err := literal(nil, []byte(text))
		if err != nil {
			return "", err
		}
		if convert {
			return "CONVERT(_utf8mb4 " + string(sql) + " USING " + c.Charset + ")" + collate, nil
		}
		return string(sql) + collate, nil
	}, nil
}

// SelectWithin begins a SELECT that the server ends by itself after limit.
func SelectWithin(server mysqldb.Server, limit time.Duration) string {
	if server.Flavor == mysqldb.FlavorMariaDB {
		return fmt.Sprintf("SET STATEMENT max_statement_time=%.3f FOR SELECT ", limit.Seconds())
	}
	return fmt.Sprintf("SELECT /*+ MAX_EXECUTION_TIME(%d) */ ", limit.Milliseconds())
}

// NowSlack is added to a statement's clock. NOW() is the time at which the statement begins, and the rows
// are those of a moment later: a row with a time in between would be above NOW().
const NowSlack = time.Second

// Now is the statement's own moment, so far ahead of UTC, in the cursor's kind.
func Now(c table.Column, ahead time.Duration) string {
	return fmt.Sprintf("CAST(UTC_TIMESTAMP(6) + INTERVAL %d SECOND AS %s)", ahead/time.Second, CastType(c))
}

// CastType is the type that a bound of a temporal cursor is compared as.
func CastType(c table.Column) string {
	if c.Kind == table.KindDate {
		return "DATE"
	}
	return "DATETIME(6)"
}
