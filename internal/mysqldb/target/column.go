package target

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// compareColumn refuses a target column that could bend or reject a value of the source's.
func compareColumn(p *Diff, from, to *schema.Column) {
	switch why := misfit(from, to); {
	case why != "", from.Nullable && !to.Nullable:
		p.narrow = append(p.narrow, narrowColumn{from, to, why})
	default:
		noteColumn(p, from, to)
	}
}

// noteColumn says what is worth knowing of a target column that takes the source's values.
func noteColumn(p *Diff, from, to *schema.Column) {
	switch {
	case from.Kind == table.KindTimestamp && to.Kind == table.KindDateTime:
		p.addFinding(table.LevelInfo, to.Name, "is a DATETIME on the target, and holds the source's TIMESTAMP in UTC",
			"")
	case from.Kind == table.KindTimestamp && hasLongTimestamps(p.from) && !hasLongTimestamps(p.to):
		p.addFinding(table.LevelInfo, to.Name, "ends in 2038 on the target, and not at the source: a later moment "+
			"stops the run", fmt.Sprintf("ALTER TABLE %s MODIFY %s datetime(%d)", sqltext.Qualified(p.Name),
			sqltext.Ident(to.Name), from.Precision))
	case strings.HasPrefix(to.Type, "vector") && mayBeShorter(p.from, p.to):
		p.addFinding(table.LevelWarn, to.Name, "takes vectors of its whole length only: one with fewer entries, "+
			"which the source allows, stops the run",
			fmt.Sprintf("ALTER TABLE %s MODIFY %s varbinary(%d), where there are such", sqltext.Qualified(p.Name),
				sqltext.Ident(to.Name), from.Length))
	}
}

// describeType is a column's type, with its character set where it has one.
func describeType(c *schema.Column) string {
	if c.Charset == "" {
		return c.Type
	}
	return c.Type + " " + c.Charset
}

const otherKind = "values of one kind are not values of the other"

// misfit says why not every value of from can be stored in to exactly, or "".
func misfit(from, to *schema.Column) string {
	if isUnsigned(to) && !isUnsigned(from) && from.Kind != table.KindBit && from.Kind != table.KindYear {
		return "negative values do not fit"
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindBit, table.KindYear:
		return misfitInteger(from, to)
	case table.KindDecimal:
		return misfitDecimal(from, to)
	case table.KindFloat, table.KindDouble:
		return misfitFloat(from, to)
	case table.KindDateTime, table.KindTimestamp, table.KindTime:
		switch {
		case from.Kind != to.Kind && !(from.Kind == table.KindTimestamp && to.Kind == table.KindDateTime):
			return otherKind
		case to.Precision < from.Precision:
			return "fractions of a second would be rounded"
		}
		return ""
	case table.KindEnum, table.KindSet:
		return misfitMembers(from, to)
	case table.KindString, table.KindJSON, table.KindUUID, table.KindInet:
		return misfitString(from, to)
	case table.KindBytes:
		return misfitBytes(from, to)
	case table.KindGeometry:
		return misfitGeometry(from, to)
	case table.KindDate:
		if to.Kind != table.KindDate {
			return otherKind
		}
		return ""
	default:
		return "this type cannot be carried"
	}
}

func isUnsigned(c *schema.Column) bool {
	switch c.Kind {
	case table.KindUint:
		return true
	case table.KindDecimal, table.KindFloat, table.KindDouble:
		return strings.Contains(strings.ToLower(c.Type), "unsigned")
	default:
		return false
	}
}

// digits are the decimal digits that an integer of so many bits can have.
func digits(c *schema.Column) int {
	switch c.Kind {
	case table.KindYear:
		return 4
	case table.KindInt:
		return len(strconv.FormatUint(1<<(c.Bits-1), 10))
	default:
		return len(strconv.FormatUint(math.MaxUint64>>(64-c.Bits), 10))
	}
}

func misfitInteger(from, to *schema.Column) string {
	bits, unsigned := from.Bits, from.Kind != table.KindInt
	if from.Kind == table.KindYear {
		bits = 12 // 0 to 2155
	}
	switch to.Kind {
	case table.KindInt:
		if to.Bits < bits || unsigned && to.Bits == bits {
			return "large values do not fit"
		}
		return ""
	case table.KindUint:
		if to.Bits < bits {
			return "large values do not fit"
		}
		return ""
	case table.KindDecimal:
		if to.Precision-to.Scale < digits(from) {
			return "large values do not fit"
		}
		return ""
	case from.Kind:
		if to.Bits < from.Bits { // BIT; a YEAR has none
			return "large values do not fit"
		}
		return ""
	default:
		return otherKind
	}
}

func misfitDecimal(from, to *schema.Column) string {
	switch {
	case to.Kind != table.KindDecimal:
		return otherKind
	case to.Scale < from.Scale:
		return "digits after the point would be rounded"
	case to.Precision-to.Scale < from.Precision-from.Scale:
		return "large values do not fit"
	}
	return ""
}

func misfitFloat(from, to *schema.Column) string {
	switch {
	case to.Kind != table.KindFloat && to.Kind != table.KindDouble:
		return otherKind
	case to.Kind == table.KindFloat && from.Kind == table.KindDouble:
		return "digits would be lost"
	case strings.Contains(to.Type, "(") && !strings.EqualFold(to.Type, from.Type):
		return "declared digits would round values"
	}
	return ""
}

// checkMembers refuses a list in which one text means two values. Servers without strict mode
// let such a table pass; none finds the second value by its text.
func checkMembers(p *Diff, source *schema.Table) {
	for i := range source.Columns {
		c := &source.Columns[i]
		for j, m := range c.Members {
			if slices.Index(c.Members, m) < j && !strings.Contains(m, "?") { // how a server shows what it cannot name
				p.addFinding(table.LevelRefuse, c.Name, fmt.Sprintf("has the member %q twice", m),
					"give each member a text of its own at the source")
				break
			}
		}
	}
}

func misfitMembers(from, to *schema.Column) string {
	if to.Kind == table.KindString && from.RawCharset == to.RawCharset {
		return misfitMemberText(from, to)
	}
	if to.Kind != from.Kind {
		return otherKind
	}
	next := 0
	for _, m := range from.Members {
		i := slices.Index(to.Members, m)
		if i < 0 {
			return fmt.Sprintf("member %q is missing", m)
		}
		if from.Kind == table.KindSet && i < next {
			return "the members are in another order, so values would read differently"
		}
		next = i
	}
	return ""
}

func misfitBytes(from, to *schema.Column) string {
	switch {
	case to.Kind != table.KindBytes:
		return otherKind
	case isFixedBinary(to) && !(isFixedBinary(from) && from.Length == to.Length):
		return "shorter values would be padded with zeros"
	case strings.HasPrefix(to.Type, "vector") && !strings.HasPrefix(from.Type, "vector"):
		return otherKind
	case to.Length < from.Length:
		return "long values do not fit"
	}
	return ""
}

// misfitMemberText says why a text column cannot hold every value of an ENUM or SET, or "".
func misfitMemberText(from, to *schema.Column) string {
	longest, all, ascii := 0, 0, true
	for _, m := range from.Members {
		n := len([]rune(m))
		longest, all = max(longest, n), all+n+1
		ascii = ascii && n == len(m)
	}
	if from.Kind == table.KindSet {
		longest = max(all-1, 0) // all members, with commas between them
	}
	if !ascii && from.Charset != to.Charset && !slices.Contains(holders[from.Charset], to.Charset) {
		return "its character set does not have every character"
	}
	return fits(to, uint64(longest), uint64(4*longest))
}

func isFixedBinary(c *schema.Column) bool {
	return strings.HasPrefix(strings.ToLower(c.Type), "binary")
}

func misfitGeometry(from, to *schema.Column) string {
	mariadb := mysqldb.Server{Flavor: mysqldb.FlavorMariaDB}
	toType, _ := targetType(to, mariadb, mariadb)
	fromType, _ := targetType(from, mariadb, mariadb)
	switch {
	case to.Kind != table.KindGeometry:
		return otherKind
	case toType != fromType && toType != "geometry":
		return "geometries of another type do not fit"
	case to.SRID != nil && *to.SRID != 0 && (from.SRID == nil || *from.SRID != *to.SRID):
		return fmt.Sprintf("only geometries of SRID %d fit", *to.SRID)
	}
	return ""
}
