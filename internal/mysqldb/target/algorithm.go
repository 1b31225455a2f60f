package target

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// algorithm is how a server alters a table, from the cheapest to the dearest.
type algorithm int

const (
	// algorithmInstant changes the table's definition only.
	algorithmInstant algorithm = iota
	// algorithmInplace lets others read and write meanwhile; it may build the table again.
	algorithmInplace
	// algorithmCopy builds the table again while its writers wait.
	algorithmCopy
)

// String is the word of ALTER TABLE … ALGORITHM.
func (a algorithm) String() string { return [...]string{"INSTANT", "INPLACE", "COPY"}[a] }

// algorithmOf is how the target's server widens a column, by its manual's table of online DDL operations. It is never
// better than what the server does. What is not sure counts as a copy.
func algorithmOf(s mysqldb.Server, target *schema.Table, n narrowColumn) algorithm {
	mariaDB := s.Flavor == mysqldb.FlavorMariaDB
	instant := mariaDB && s.AtLeast(10, 4, 3) || !mariaDB && s.AtLeast(8, 0, 12)
	switch {
	case target.Partitioned || target.Versioned || !strings.EqualFold(target.Engine, "InnoDB") || onlyCopies(target):
		return algorithmCopy
	case !keepsRows(n.from, n.to):
		return algorithmCopy
	case n.from.Nullable && !n.to.Nullable:
		return algorithmInplace
	case n.why == "" || !instant:
		return algorithmInplace
	case n.to.Kind == table.KindEnum, n.to.Kind == table.KindSet, mariaDB:
		return algorithmInstant
	}
	return algorithmInplace // MySQL, a longer VARCHAR
}

// onlyCopies reports tables of which servers refuse online changes that they make of others.
func onlyCopies(t *schema.Table) bool {
	for _, index := range t.Indexes {
		if index.Type == "FULLTEXT" || index.Type == "SPATIAL" {
			return true
		}
	}
	for i := range t.Columns {
		if t.Columns[i].Generated || t.Columns[i].IsComputed() {
			return true
		}
	}
	return len(t.Checks) > 0
}

// keepsRows reports the changes of a type that leave every stored value as it is.
func keepsRows(from, to *schema.Column) bool {
	if misfit(from, to) == "" {
		return true // for NULL
	}
	switch from.Kind {
	case table.KindString:
		size := charsetBytes[to.Charset]
		sameLengthBytes := from.Length*size <= 255 || to.Length*size > 255
		return size != 0 && strings.HasPrefix(strings.ToLower(to.Type), "varchar") && sameLengthBytes
	case table.KindBytes:
		return strings.HasPrefix(strings.ToLower(to.Type), "varbinary") && (from.Length <= 255 || to.Length > 255)
	case table.KindEnum:
		return (len(from.Members) <= 255) == (len(to.Members) <= 255)
	case table.KindSet:
		return setBytes(len(from.Members)) == setBytes(len(to.Members))
	default:
		return false
	}
}

// setBytes is how many bytes a SET of so many members takes.
func setBytes(members int) int {
	if bytes := (members + 7) / 8; bytes <= 4 {
		return bytes
	}
	return 8
}
