package target

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A Copy makes a table like another one: columns, keys, checks, foreign keys, partitions, comments, row format and the
// counter of AUTO_INCREMENT. CREATE TABLE … LIKE would leave out the foreign keys and the counter.
type Copy struct {
	Statement string
	// Deferred are the indexes that the copy is made without.
	Deferred []DeferredIndex
	// Renamed are the constraints that get another name when the copy takes the name of the table, as "old → new".
	Renamed []string
}

// CopyOf reads a table and writes the statement that makes a copy of it under another name, in the same schema. With
// deferIndexes, indexes that rows do not need are left for later. The error wraps a refusal where a constraint would
// have a name that is too long.
func (t *Target) CopyOf(ctx context.Context, from, to table.Name, deferIndexes bool) (Copy, error) {
	now, err := schema.Read(ctx, t.DB, from)
	if err != nil {
		return Copy{}, err
	}
	var shown, create string
	err = t.QueryRowContext(ctx, "SHOW CREATE TABLE "+sqltext.Qualified(from)).Scan(&shown, &create)
	if err != nil {
		return Copy{}, fmt.Errorf("read the definition of %s: %w", from, mysqlerr.Safe(err))
	}
	c := copying{server: t.Server, from: now, to: to}
	// A foreign key needs an index of its own columns at once.
	c.deferIndexes = deferIndexes && len(now.ForeignKeys) == 0
	if err := c.rewrite(shown, create); err != nil {
		return Copy{}, fmt.Errorf("make a table like %s: %w", from, err)
	}
	return c.Copy, nil
}

// copying is one rewriting of a CREATE statement.
type copying struct {
	Copy
	server       mysqldb.Server
	from         *schema.Table
	to           table.Name
	deferIndexes bool
	numbers      map[string]int
}

var (
	constraintLine = regexp.MustCompile("^  CONSTRAINT `((?:[^`]|``)*)` (CHECK|FOREIGN KEY) ")
	keyLine        = regexp.MustCompile("^  (?:FULLTEXT |SPATIAL )?KEY `((?:[^`]|``)*)` ")
)

// rewrite reads the statement line by line: both servers write one column, key or constraint a line.
func (c *copying) rewrite(shown, create string) error {
	head := "CREATE TABLE " + sqltext.Ident(shown) + " ("
	lines := strings.Split(create, "\n")
	if lines[0] != head {
		return mysqlerr.Refuse("", "the server writes its definition in a form that is not known", "report it")
	}
	lines[0] = "CREATE TABLE " + sqltext.Qualified(c.to) + " ("
	end := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, ")") })
	if end < 0 {
		return mysqlerr.Refuse("", "the server writes its definition in a form that is not known", "report it")
	}
	c.numbers = map[string]int{}
	kept := lines[:1:1]
	for i, line := range lines[1:end] {
		if index, later := c.later(line); later {
			c.Deferred = append(c.Deferred, index)
			if i+2 == end { // the last one: the comma before it goes, too
				kept[len(kept)-1] = strings.TrimSuffix(kept[len(kept)-1], ",")
			}
			continue
		}
		renamed, err := c.constraint(line, shown)
		if err != nil {
			return err
		}
		kept = append(kept, renamed)
	}
	c.Statement = strings.Join(append(kept, lines[end:]...), "\n")
	return nil
}

// later reports whether a line is that of an index which is added after the rows.
func (c *copying) later(line string) (DeferredIndex, bool) {
	m := keyLine.FindStringSubmatch(line)
	if m == nil || !c.deferIndexes {
		return DeferredIndex{}, false
	}
	name := strings.ReplaceAll(m[1], "``", "`")
	index := schema.IndexNamed(c.from, name)
	if index.Name == "" || len(index.Columns) == 0 {
		return DeferredIndex{}, false
	}
	if first := c.from.Column(index.Columns[0].Column); first != nil && first.AutoIncrement {
		return DeferredIndex{}, false
	}
	return DeferredIndex{Name: name, Definition: strings.TrimSuffix(strings.TrimPrefix(line, "  "), ",")}, true
}

// constraint gives a constraint a name that the schema does not have yet, and that becomes the one of the table when
// the copy takes its name: servers rename what begins with the table's name and _ibfk_ or _chk_. A CHECK of MariaDB
// keeps its name, which belongs to the table alone.
func (c *copying) constraint(line, shown string) (string, error) {
	m := constraintLine.FindStringSubmatch(line)
	if m == nil || m[2] == "CHECK" && c.server.Flavor == mysqldb.FlavorMariaDB {
		return line, nil
	}
	name, infix := strings.ReplaceAll(m[1], "``", "`"), "_ibfk_"
	if m[2] == "CHECK" {
		infix = "_chk_"
	}
	rest, generated := strings.CutPrefix(name, shown+infix)
	if !generated {
		rest = name
	}
	c.numbers[infix]++
	fits := func(s string) bool {
		return len([]rune(c.to.Table+infix+s)) <= maxName && len([]rune(shown+infix+s)) <= maxName
	}
	if !fits(rest) {
		rest = strconv.Itoa(1000 + c.numbers[infix])
	}
	if !fits(rest) {
		return "", mysqlerr.Refuse("", fmt.Sprintf("constraint %s cannot have a name that begins with the table's, "+
			"which is too long", name), "drop the constraint, or give the table a shorter name")
	}
	if after := shown + infix + rest; after != name {
		c.Renamed = append(c.Renamed, name+" → "+after)
	}
	line = "  CONSTRAINT " + sqltext.Ident(c.to.Table+infix+rest) + strings.TrimPrefix(line, "  CONSTRAINT `"+m[1]+"`")
	if m[2] == "FOREIGN KEY" {
		line = strings.Replace(line, " REFERENCES "+sqltext.Ident(shown)+" (", " REFERENCES "+
			sqltext.Ident(c.to.Table)+" (", 1)
	}
	return line, nil
}

// maxName is how many characters a name can have.
const maxName = 64

// Rebuild writes a table again. Transactions that began before get error 1412 when they read it, instead of the part of
// its rows that they would see. It may take as long as an ALTER that copies; a context that ends also ends it.
func (t *Target) Rebuild(ctx context.Context, name table.Name) error {
	if err := t.ExecExclusive(ctx, "ALTER TABLE "+sqltext.Qualified(name)+" FORCE", name); err != nil {
		return fmt.Errorf("rebuild %s: %w", name, mysqlerr.Safe(err))
	}
	return nil
}
