package mysqldb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tablehaul/tablehaul/internal/table"
)

// structures are tables as they were introspected, with the statement that would create each.
type structures struct {
	mu    sync.Mutex
	known map[table.Name]structure
}

type structure struct {
	create string
	since  string
	t      *Table
}

// maxStructures bounds what is remembered of one server.
const maxStructures = 1000

// Structure is what [DB.Table] returns, but for those who need to know columns and keys only:
// where the table is still created by the same statement, it answers from memory. Its estimates
// are then old, and its triggers may be. What was remembered under another since is not used: a run
// that gives its own name there is told nothing that is older than itself. The result is shared:
// change nothing in it.
//
// One SHOW CREATE TABLE takes a tenth of the time of the information schema, of which every
// slice of a range would be told the same.
func (d *DB) Structure(ctx context.Context, name table.Name, since string) (*Table, error) {
	before := d.createStatement(ctx, name)
	if before != "" {
		d.structures.mu.Lock()
		known, ok := d.structures.known[name]
		d.structures.mu.Unlock()
		if ok && known.create == before && known.since == since {
			return known.t, nil
		}
	}
	t, err := d.Table(ctx, name)
	if err != nil {
		return nil, err
	}
	if after := d.createStatement(ctx, name); after == "" || after != before || hasDoubtfulMembers(t, before) {
		return t, nil // altered at this very moment: which of the two t is, nobody knows
	}
	d.structures.mu.Lock()
	defer d.structures.mu.Unlock()
	if d.structures.known == nil || len(d.structures.known) >= maxStructures {
		d.structures.known = map[table.Name]structure{}
	}
	d.structures.known[name] = structure{before, since, t}
	return t, nil
}

// counter is the part of a CREATE statement that changes with the rows.
var counter = regexp.MustCompile(` AUTO_INCREMENT=[0-9]+`)

// createStatement is the statement that would create the table, or "" where the server does not
// give it: an introspection says why better.
func (d *DB) createStatement(ctx context.Context, name table.Name) string {
	var shown, create string
	if err := d.QueryRowContext(ctx, fmt.Sprintf("SHOW CREATE TABLE %s", Qualified(name))).Scan(&shown, &create); err != nil {
		return ""
	}
	return counter.ReplaceAllString(create, "")
}

// hasDoubtfulMembers reports whether the statement may show two different lists of members alike.
func hasDoubtfulMembers(t *Table, create string) bool {
	return strings.Contains(create, "?") && slices.ContainsFunc(t.Columns, func(c Column) bool {
		return (c.Kind == table.KindEnum || c.Kind == table.KindSet) && !spelledExactly(c.Charset)
	})
}
