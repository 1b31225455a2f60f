package target

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

var (
	typeComment  = regexp.MustCompile(`\s*/\*.*?\*/`)
	displayWidth = regexp.MustCompile(`^((?:tiny|small|medium|big)?int|year)\(\d+\)`)
)

// targetType is the type of a source's column as the target server spells it. changed says that
// it is another type there, which holds the same text.
func targetType(c *schema.Column, from, to mysqldb.Server) (sqlType string, changed bool) {
	base := strings.ToLower(c.Type)
	switch {
	case c.Kind == table.KindEnum || c.Kind == table.KindSet:
		// From the members, because servers escape them differently in COLUMN_TYPE.
		quoted := make([]string, len(c.Members))
		for i, m := range c.Members {
			quoted[i] = schema.TextLiteral(m)
		}
		name, _, _ := strings.Cut(c.Type, "(")
		return name + "(" + strings.Join(quoted, ",") + ")", false
	case c.Kind == table.KindUUID && !hasUUID(to):
		return "char(36)", true
	case base == "inet6" && !hasInet6(to):
		return "varchar(45)", true
	case base == "inet4" && !hasInet4(to):
		return "varchar(15)", true
	case c.Kind == table.KindJSON && to.Flavor == mysqldb.FlavorMariaDB:
		return "longtext", true
	case strings.HasPrefix(base, "vector") && (!hasVector(to) || mayBeShorter(from, to)):
		if c.Length <= 8192 {
			return fmt.Sprintf("varbinary(%d)", c.Length), true
		}
		return "mediumblob", true // a long VARBINARY would eat up the row's 65,535 bytes
	case base == "geomcollection":
		return "geometrycollection", false
	}
	t := typeComment.ReplaceAllString(c.Type, "")
	if to.Flavor == mysqldb.FlavorMySQL && to.AtLeast(8, 0, 19) && !strings.Contains(base, "zerofill") &&
		base != "tinyint(1)" {
		t = displayWidth.ReplaceAllString(t, "$1") // it warns of widths there
	}
	return t, false
}

// mayBeShorter reports whether a VECTOR of from may have fewer entries than declared, and one of to may not.
func mayBeShorter(from, to mysqldb.Server) bool {
	return from.Flavor == mysqldb.FlavorMySQL && to.Flavor == mysqldb.FlavorMariaDB
}

func hasUUID(s mysqldb.Server) bool { return s.Flavor == mysqldb.FlavorMariaDB && s.AtLeast(10, 7, 0) }

func hasInet6(s mysqldb.Server) bool { return s.Flavor == mysqldb.FlavorMariaDB && s.AtLeast(10, 5, 0) }

func hasInet4(s mysqldb.Server) bool {
	return s.Flavor == mysqldb.FlavorMariaDB && s.AtLeast(10, 10, 0)
}

func hasVector(s mysqldb.Server) bool {
	if s.Flavor == mysqldb.FlavorMariaDB {
		return s.AtLeast(11, 7, 0)
	}
	return s.AtLeast(9, 0, 0)
}

func hasInvisible(s mysqldb.Server) bool {
	return s.Flavor == mysqldb.FlavorMariaDB || s.AtLeast(8, 0, 23)
}

func hasExpressionDefaults(s mysqldb.Server) bool {
	return s.Flavor == mysqldb.FlavorMariaDB || s.AtLeast(8, 0, 13)
}

// textType is the column type of texts that stand for another type: never compared by anything but their codes.
func textType(c *schema.Column) (charset, collation string) {
	if c.Kind == table.KindJSON {
		return "utf8mb4", "utf8mb4_bin"
	}
	return "ascii", "ascii_bin"
}
