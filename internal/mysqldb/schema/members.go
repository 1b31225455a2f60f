package schema

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// members asks for those members of ENUMs and SETs that the information schema may have spelled
// wrongly. It speaks utf8mb3, as SHOW CREATE TABLE does, and shows any other character as a
// question mark. Where a server cannot be asked, the column is marked by HiddenMembers.
func (i introspection) members(ctx context.Context, t *Table) error {
	for n := range t.Columns {
		c := &t.Columns[n]
		if c.Kind != table.KindEnum && c.Kind != table.KindSet {
			continue
		}
		var uncertain []int
		for at, m := range c.Members {
			if strings.Contains(m, "?") && !spelledExactly(c.Charset) {
				uncertain = append(uncertain, at)
			}
		}
		if len(uncertain) == 0 {
			continue
		}
		if err := i.membersAt(ctx, t.Name, c, uncertain); err != nil {
			return fmt.Errorf("column %s: read its members: %w", c.Name, err)
		}
	}
	return nil
}

// spelledExactly reports whether every character of a character set is one of utf8mb3's.
func spelledExactly(charset string) bool {
	switch charset {
	case "utf8mb3", "utf8", "latin1", "ascii", "ucs2":
		return true
	}
	return false
}

// membersAt reads the members at some places by their numbers, from no row at all.
func (i introspection) membersAt(ctx context.Context, name table.Name, c *Column, places []int) error {
	query := memberQuery(i.server, name, c, places)
	if query == "" {
		c.HiddenMembers = true
		return nil
	}
	recs, err := i.query(ctx, query)
	if err != nil {
		if mysqlerr.Classify(err) == mysqlerr.ClassConfiguration {
			c.HiddenMembers = true // no SELECT on the column: said elsewhere
			return nil
		}
		return err
	}
	c.HiddenMembers = len(recs) != len(places)
	for _, r := range recs {
		at, member := r.Number("PLACE"), r["MEMBER"]
		if !member.Valid || at < 0 || at >= int64(len(c.Members)) || !shownAs(member.String, c.Members[at]) {
			c.HiddenMembers = true
			continue
		}
		c.Members[at] = member.String
	}
	return nil
}

// memberQuery selects members by their numbers, as place and member; "" where the server is too old.
func memberQuery(server mysqldb.Server, name table.Name, c *Column, places []int) string {
	switch {
	case c.Kind == table.KindSet && server.Flavor == mysqldb.FlavorMariaDB && server.AtLeast(10, 3, 0):
		return memberVariables(name, c, places)
	case server.Flavor == mysqldb.FlavorMariaDB && c.Kind == table.KindEnum && server.AtLeast(10, 2, 2),
		server.Flavor == mysqldb.FlavorMySQL && server.AtLeast(8, 0, 1):
		return memberRecursion(name, c, places)
	}
	return ""
}

// memberNumber is the number that a member of an ENUM or SET has.
func memberNumber(c *Column, place int) uint64 {
	if c.Kind == table.KindSet {
		return 1 << place
	}
	return uint64(place) + 1
}

// memberRecursion is a recursive query. Its first part alone decides its columns' types, and a
// number that the second part gives to a column of the type ENUM or SET is that of a member.
func memberRecursion(name table.Name, c *Column, places []int) string {
	numbers := make([]string, len(places))
	for n, at := range places {
		numbers[n] = fmt.Sprintf("SELECT %d AS place, CAST(%d AS UNSIGNED) AS number", at, memberNumber(c, at))
	}
	return "WITH RECURSIVE found (place, member) AS (" +
		"SELECT -1, t." + sqltext.Ident(c.Name) + " FROM (SELECT 1 AS one) AS start LEFT JOIN " +
		sqltext.Qualified(name) + " AS t ON FALSE" +
		" UNION ALL SELECT wanted.place, wanted.number FROM found JOIN (" +
		strings.Join(numbers, " UNION ALL ") + ") AS wanted ON found.place = -1" +
		") SELECT place, member FROM found WHERE place >= 0"
}

// memberVariables are variables of the column's type, which get a number. MariaDB's recursive
// queries cut a SET down to eight members (seen on 10.11).
func memberVariables(name table.Name, c *Column, places []int) string {
	var declare strings.Builder
	selects := make([]string, len(places))
	for n, at := range places {
		fmt.Fprintf(&declare, "DECLARE m%d TYPE OF %s.%s DEFAULT CAST(%d AS UNSIGNED); ", at, sqltext.Qualified(name),
			sqltext.Ident(c.Name), memberNumber(c, at))
		selects[n] = fmt.Sprintf("SELECT %d AS place, CONCAT(m%d) AS member", at, at)
	}
	return "BEGIN NOT ATOMIC " + declare.String() + strings.Join(selects, " UNION ALL ") + "; END"
}

// shownAs reports whether a catalog that puts '?' for some characters could show a member so.
func shownAs(member, shown string) bool {
	if !utf8.ValidString(member) {
		return false
	}
	a, b := []rune(member), []rune(shown)
	if len(a) != len(b) {
		return false
	}
	for n := range a {
		if a[n] != b[n] && b[n] != '?' {
			return false
		}
	}
	return true
}
