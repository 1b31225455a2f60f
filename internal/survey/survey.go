package survey

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Scope says which tables to look at.
type Scope struct {
	// Schemas are the schemas to look at. Without one it is the schema of the DSN; without that, every schema that the
	// login sees.
	Schemas []string
	// Exclude leaves out a table where one of them returns true.
	Exclude []func(table.Name) bool
}

// Result is what Look finds on a source.
type Result struct {
	// Server is the server's flavor and version, such as "mysql 8.4.6".
	Server string
	Tables []*Table
	// Common are the findings that more than one table has: they are about the server or the login.
	Common []table.Finding
	// SchemaChanges are tables that belong to an online schema change. They get no entry.
	SchemaChanges []string
}

// Table is what Look finds of one table.
type Table struct {
	Table string   `json:"table"`
	Rows  int64    `json:"rowsEstimate"`
	Bytes int64    `json:"bytesEstimate"`
	Key   []string `json:"key"`
	// Cursor is the cursor that init has chosen; empty where no candidate is sound.
	Cursor     string                   `json:"cursor,omitempty"`
	Candidates []source.CursorCandidate `json:"candidates"`
	Findings   []table.Finding          `json:"findings"`
	// Proposals are settings that a person may want.
	Proposals []string `json:"proposals,omitempty"`
	// Refused says that the table cannot be synced as it is.
	Refused bool `json:"refused,omitempty"`
	// Family is the entry with a * that includes the table; empty where the table has an entry of its own.
	Family string `json:"family,omitempty"`

	name table.Name
}

// tablesAtOnce bounds the tables that Look asks about at the same time.
const tablesAtOnce = 4

// Look looks at the tables of a source, in the order of schemas and names. Its errors hold no secret and no value of a
// row.
func Look(ctx context.Context, db *source.Source, scope Scope) (*Result, error) {
	r := &Result{Server: fmt.Sprintf("%s %s", db.ServerInfo().Flavor, db.ServerInfo().Version)}
	names, err := r.list(ctx, db, scope)
	if err != nil {
		return nil, mysqlerr.Safe(err)
	}
	r.Tables = make([]*Table, len(names))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(tablesAtOnce)
	for i, n := range names {
		group.Go(func() (err error) {
			r.Tables[i], err = lookAt(inner, db, n)
			if schema.IsGone(err) && !listed(inner, db, n) {
				return nil // it was dropped after the list was read
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, mysqlerr.Safe(err)
	}
	r.Tables = slices.DeleteFunc(r.Tables, func(t *Table) bool { return t == nil })
	r.joinFindings()
	r.joinFamilies()
	return r, nil
}

// Usable counts the tables that can be synced.
func (r *Result) Usable() int {
	n := 0
	for _, t := range r.Tables {
		if !t.Refused {
			n++
		}
	}
	return n
}

// list returns the tables in scope.
func (r *Result) list(ctx context.Context, db *source.Source, scope Scope) ([]table.Name, error) {
	schemas := scope.Schemas
	if len(schemas) == 0 {
		own, err := schema.Default(ctx, db)
		if err != nil {
			return nil, err
		}
		schemas = []string{own}
		if own == "" {
			if schemas, err = schema.Schemas(ctx, db); err != nil {
				return nil, err
			}
		}
	}
	var out []table.Name
	for _, schemaName := range schemas {
		names, err := schema.Tables(ctx, db, schemaName)
		if err != nil {
			return nil, err
		}
		names, left := table.WithoutOnlineChanges(names)
		for _, n := range left {
			r.SchemaChanges = append(r.SchemaChanges, n.String())
		}
		out = append(out, names...)
	}
	return slices.DeleteFunc(out, func(n table.Name) bool {
		return slices.ContainsFunc(scope.Exclude, func(match func(table.Name) bool) bool { return match(n) })
	}), nil
}

// listed reports whether the server lists the table now. Where it cannot be asked, the table counts as listed.
func listed(ctx context.Context, db *source.Source, n table.Name) bool {
	names, err := schema.Tables(ctx, db, n.Schema)
	return err != nil || slices.Contains(names, n)
}

// lookAt looks at one table.
func lookAt(ctx context.Context, db *source.Source, n table.Name) (*Table, error) {
	t, err := schema.Read(ctx, db, n)
	if err != nil {
		return nil, err
	}
	out := &Table{
		Table: n.String(), name: n, Rows: t.RowsEstimate, Bytes: t.Bytes, Key: t.PrimaryKey,
		Candidates: []source.CursorCandidate{}, Findings: []table.Finding{},
	}
	findings, err := db.Check(ctx, t, source.CheckSpec{})
	if err != nil {
		return nil, err
	}
	if refused(findings) || grantMissing(findings) {
		out.Findings, out.Refused = findings, refused(findings)
		return out, nil // the next steps read the table
	}
	if out.Candidates, err = db.CursorCandidates(ctx, t); err != nil {
		return nil, err
	}
	if len(out.Candidates) > 0 && out.Candidates[0].Sound() {
		out.Cursor = out.Candidates[0].Column
	}
	if out.Findings, err = db.Check(ctx, t, source.CheckSpec{Cursor: out.Cursor}); err != nil {
		return nil, err
	}
	if out.Refused = refused(out.Findings); !out.Refused {
		out.Proposals = propose(t, out.Cursor)
	}
	return out, nil
}

// refused reports whether the table itself must be changed before it can be synced. A missing grant does not count: it
// concerns the login, and the table keeps its entry.
func refused(findings []table.Finding) bool {
	return slices.ContainsFunc(findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Topic != table.TopicGrant
	})
}

// grantMissing reports whether the login lacks a grant.
func grantMissing(findings []table.Finding) bool {
	return slices.ContainsFunc(findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Topic == table.TopicGrant
	})
}
