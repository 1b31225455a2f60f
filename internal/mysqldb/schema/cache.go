package schema

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Cache remembers tables as they were introspected, with the statement that would create each.
// The zero value is an empty cache, which any number of goroutines may use.
//
// One SHOW CREATE TABLE takes a tenth of the time of the information schema, which would answer
// the same to every slice of a range.
type Cache struct {
	mu    sync.Mutex
	known map[cacheKey]cachedTable
}

type cacheKey struct {
	db   mysqldb.Reader
	name table.Name
}

type cachedTable struct {
	createSQL string
	// run is the one for which it was read; empty for none.
	run string
	t   *Table
}

// maxCachedTables bounds the cache.
const maxCachedTables = 2000

// Table is what [DB.Table] returns, for callers that need columns and keys only: where the same
// statement still creates the table, it answers from memory. Its estimates are then old, and its
// triggers may be. The result is shared: change nothing in it.
func (c *Cache) Table(ctx context.Context, db mysqldb.Reader, name table.Name) (*Table, error) {
	before := ShowCreate(ctx, db, name)
	if known, ok := c.get(db, name); ok && before != "" && known.createSQL == before {
		return known.t, nil
	}
	return c.read(ctx, db, name, "", before)
}

// TableOfRun is what a table looked like when run first asked for it, on this pool: nothing that is
// older than the run. It asks the server once. [DB.UpsertChunk] checks in its transaction that the
// table is still the same; where it is not, call Forget.
func (c *Cache) TableOfRun(ctx context.Context, db mysqldb.Reader, name table.Name, run string) (*Table, error) {
	if known, ok := c.get(db, name); ok && known.run == run {
		return known.t, nil
	}
	return c.read(ctx, db, name, run, ShowCreate(ctx, db, name))
}

func (c *Cache) read(ctx context.Context, db mysqldb.Reader, name table.Name, run, before string) (*Table, error) {
	t, err := Read(ctx, db, name)
	if err != nil {
		return nil, err
	}
	after := ShowCreate(ctx, db, name)
	if after == "" || after != before || run == "" && hasDoubtfulMembers(t, before) {
		return t, nil // altered at this very moment: t may be either of the two
	}
	t.CreateSQL = after
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxCachedTables {
		c.known = map[cacheKey]cachedTable{}
	}
	c.known[cacheKey{db, name}] = cachedTable{after, run, t}
	return t, nil
}

func (c *Cache) get(db mysqldb.Reader, name table.Name) (cachedTable, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.known[cacheKey{db, name}]
	return known, ok
}

// Forget drops a table, so that the server is asked again.
func (c *Cache) Forget(db mysqldb.Reader, name table.Name) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, cacheKey{db, name})
}

// counter is the part of a CREATE statement that changes with the rows.
var counter = regexp.MustCompile(` AUTO_INCREMENT=[0-9]+`)

// ShowCreate is the statement that would create the table, or "" where the server does not
// give it: an introspection says why better.
func ShowCreate(ctx context.Context, q mysqldb.RowQuerier, name table.Name) string {
	var shown, create string
	if err := q.QueryRowContext(ctx, fmt.Sprintf("SHOW CREATE TABLE %s", sqltext.Qualified(name))).Scan(&shown,
		&create); err != nil {
		return ""
	}
	return WithoutCounter(create)
}

// WithoutCounter is a CREATE statement without the part that changes with the rows.
func WithoutCounter(create string) string { return counter.ReplaceAllString(create, "") }

// hasDoubtfulMembers reports whether the statement may show two different lists of members alike.
func hasDoubtfulMembers(t *Table, create string) bool {
	return strings.Contains(create, "?") && slices.ContainsFunc(t.Columns, func(c Column) bool {
		return (c.Kind == table.KindEnum || c.Kind == table.KindSet) && !spelledExactly(c.Charset)
	})
}
