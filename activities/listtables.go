package activities

import (
	"context"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Catalog is what the worker's configuration names.
type Catalog struct {
	// Tables are those named exactly, in the file's order.
	Tables []table.Name
	// Families are the entries with a *, in the file's order.
	Families []Family
	// Digest is equal for equal settings of a table; see config.Config.Digest.
	Digest func(table.Name) (string, error)
	// Refused is what the worker has not taken over; nil where it has read its file.
	Refused *api.RefusedConfig
}

// Family is an entry of the configuration whose tables only the source knows.
type Family struct {
	// Name is the entry's text, such as "shop.log_*"; its tables are in Schema on Connection.
	Name       string
	Schema     string
	Connection string
	// Match reports whether a table is one of the family.
	Match func(table.Name) bool
}

// maxTables bounds an answer: a result of more than 2 MB would leave the workflow hanging.
const maxTables = 5000

// maxLeftOut bounds the names of ListedFamily.LeftOut.
const maxLeftOut = 10

// ListTables names every table that the worker's configuration stands for: those named exactly,
// and those of its families that are on their sources now. It reads the information schema only.
func (a *Activities) ListTables(ctx context.Context) (api.ListTablesResult, error) {
	var out api.ListTablesResult
	catalog := a.deps.Catalog()
	out.Refused = catalog.Refused
	seen := map[table.Name]bool{}
	add := func(n table.Name, family string) error {
		if seen[n] {
			return nil
		}
		seen[n] = true
		if len(out.Tables) == maxTables {
			return invalidInput(fmt.Sprintf("the configuration stands for more than %d tables", maxTables),
				"name fewer, or split the file between two workers with task queues of their own")
		}
		digest, err := catalog.Digest(n)
		if err != nil {
			return failure.New(failure.UnknownTable, err.Error(), "")
		}
		out.Tables = append(out.Tables, api.ListedTable{Table: n.String(), Family: family, Settings: digest})
		return nil
	}
	for _, n := range catalog.Tables {
		if err := add(n, ""); err != nil {
			return api.ListTablesResult{}, err
		}
	}
	for _, f := range catalog.Families {
		names, left, err := a.familyTables(ctx, f)
		if err != nil {
			return api.ListTablesResult{}, err
		}
		before := len(out.Tables)
		for _, n := range names {
			if err := add(n, f.Name); err != nil {
				return api.ListTablesResult{}, err
			}
		}
		one := api.ListedFamily{
			Name: f.Name, Connection: f.Connection, Tables: len(out.Tables) - before, LeftOutCount: len(left),
		}
		for _, n := range left[:min(len(left), maxLeftOut)] {
			one.LeftOut = append(one.LeftOut, n.String())
		}
		out.Families = append(out.Families, one)
	}
	return out, nil
}

// familyTables are the tables of a family that its source has, and those that its name would
// match and that are no tables of the family: they belong to a tool for online schema changes.
func (a *Activities) familyTables(ctx context.Context, f Family) (members, left []table.Name, err error) {
	at := where{f.Connection, "list the tables of " + f.Name}
	src, err := a.deps.Source(ctx, f.Connection)
	if err != nil {
		return nil, nil, translate(ctx, err, at)
	}
	all, err := schema.Tables(ctx, src, f.Schema)
	if err != nil {
		return nil, nil, translate(ctx, err, at)
	}
	kept, tools := table.WithoutOnlineChanges(all)
	other := func(n table.Name) bool { return !f.Match(n) }
	return slices.DeleteFunc(kept, other), slices.DeleteFunc(tools, other), nil
}
