package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// draft is a configuration in the making.
type draft struct {
	source, target dsnReference
	server         string
	targetSchema   string
	staging        string
	excludes       []func(table.Name) bool
	tables         []*surveyed
	// everywhere are findings that every table has: they are the server's.
	everywhere []table.Finding
	// changing are tables of online schema changes, which get no entry.
	changing []string
}

// surveyed is a table that init has looked at: a line of --output json.
type surveyed struct {
	Table string   `json:"table"`
	Rows  int64    `json:"rowsEstimate"`
	Bytes int64    `json:"bytesEstimate"`
	Key   []string `json:"key"`
	// Cursor is the one that init has chosen; empty where none is sound.
	Cursor     string                    `json:"cursor,omitempty"`
	Candidates []mysqldb.CursorCandidate `json:"candidates"`
	Findings   []table.Finding           `json:"findings"`
	// Refused says that the table cannot be synced as it is.
	Refused bool `json:"refused,omitempty"`
	// Family is the entry that stands for it, where it is one of several alike.
	Family string `json:"family,omitempty"`

	name table.Name
}

// maxSurveyed bounds the tables that are looked at side by side.
const maxSurveyed = 4

// survey looks at the source's tables.
func (a *app) survey(ctx context.Context, f initFlags, d *draft) error {
	db, err := a.open(ctx, "--source", d.source)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // only read from
	d.server = fmt.Sprintf("%s %s", db.Server.Flavor, db.Server.Version)
	names, err := d.namesOf(ctx, db, f.schemas)
	if err != nil {
		return a.surveyFailed(ctx, err)
	}
	if len(names) == 0 {
		return &exitError{exitFailed, fmt.Errorf("the login of %s sees no table%s: grant it SELECT, or name other schemas with --schema", d.source.variable, inSchemas(f.schemas))}
	}
	d.tables = make([]*surveyed, len(names))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(maxSurveyed)
	for i, n := range names {
		group.Go(func() (err error) {
			d.tables[i], err = lookAt(inner, db, n)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return a.surveyFailed(ctx, err)
	}
	d.joinFindings()
	d.joinFamilies()
	return nil
}

func (a *app) surveyFailed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{code: exitStopped}
	}
	return &exitError{exitFailed, mysqldb.Safe(err)}
}

func inSchemas(schemas []string) string {
	if len(schemas) == 0 {
		return ""
	}
	return " in " + strings.Join(schemas, ", ")
}

// namesOf are the tables to look at, by name.
func (d *draft) namesOf(ctx context.Context, db *mysqldb.DB, schemas []string) ([]table.Name, error) {
	if len(schemas) == 0 {
		own, err := db.OwnSchema(ctx)
		if err != nil {
			return nil, err
		}
		schemas = []string{own}
		if own == "" {
			if schemas, err = db.Schemas(ctx); err != nil {
				return nil, err
			}
		}
	}
	var out []table.Name
	for _, schema := range schemas {
		names, err := db.TablesOf(ctx, schema)
		if err != nil {
			return nil, err
		}
		names, left := table.WithoutOnlineChanges(names)
		for _, n := range left {
			d.changing = append(d.changing, n.String())
		}
		out = append(out, names...)
	}
	return slices.DeleteFunc(out, func(n table.Name) bool {
		return slices.ContainsFunc(d.excludes, func(match func(table.Name) bool) bool { return match(n) })
	}), nil
}

// lookAt is what there is to say of one table.
func lookAt(ctx context.Context, db *mysqldb.DB, n table.Name) (*surveyed, error) {
	t, err := db.Table(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &surveyed{
		Table: n.String(), name: n, Rows: t.RowsEstimate, Bytes: t.Bytes, Key: t.PrimaryKey,
		Candidates: []mysqldb.CursorCandidate{}, Findings: []table.Finding{},
	}
	if readable, err := db.CheckSource(ctx, t, mysqldb.SourceCheck{}); err != nil {
		return nil, err
	} else if unreadable(readable) || refused(readable) {
		out.Findings, out.Refused = readable, refused(readable)
		return out, nil // what comes next would read it
	}
	if out.Candidates, err = db.CursorCandidates(ctx, t); err != nil {
		return nil, err
	}
	if len(out.Candidates) > 0 && out.Candidates[0].Sound() {
		out.Cursor = out.Candidates[0].Column
	}
	if out.Findings, err = db.CheckSource(ctx, t, mysqldb.SourceCheck{Cursor: out.Cursor}); err != nil {
		return nil, err
	}
	out.Refused = refused(out.Findings)
	return out, nil
}

// refused says that the table itself would have to be changed. A grant that is missing is the
// login's matter: the entry stands, with a remark.
func refused(findings []table.Finding) bool {
	return slices.ContainsFunc(findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Topic != table.TopicGrant
	})
}

func unreadable(findings []table.Finding) bool {
	return slices.ContainsFunc(findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Topic == table.TopicGrant
	})
}

// joinFindings moves what is said of more than one table in the same words to the top: a missing
// grant or a replica is the server's matter, and forbids no table by itself.
func (d *draft) joinFindings() {
	key := func(f table.Finding) table.Finding { f.Table = ""; return f }
	count := map[table.Finding]int{}
	for _, t := range d.tables {
		for _, f := range t.Findings {
			count[key(f)]++
		}
	}
	shared := func(f table.Finding) bool {
		return f.Column == "" && f.Topic != table.TopicKey && f.Topic != table.TopicCursor && count[key(f)] > 1
	}
	for _, t := range d.tables {
		for _, f := range t.Findings {
			if k := key(f); shared(f) && !slices.Contains(d.everywhere, k) {
				d.everywhere = append(d.everywhere, k)
			}
		}
		t.Findings = slices.DeleteFunc(t.Findings, shared)
		t.Refused = refused(t.Findings)
	}
}

// numbered is a name that ends with a number or a date, as those of families do.
var numbered = regexp.MustCompile(`^(.*?[^0-9_])_?[0-9]+(?:_[0-9]+)*$`)

// aFamily is how many tables alike make an entry with a *.
const aFamily = 3

// joinFamilies finds tables that differ in a number at the end only.
func (d *draft) joinFamilies() {
	type group struct{ schema, stem, key, cursor string }
	groups := map[group][]*surveyed{}
	for _, t := range d.tables {
		m := numbered.FindStringSubmatch(t.name.Table)
		if m == nil || t.Refused || strings.Contains(t.name.Table, "*") {
			continue
		}
		stem := m[1]
		if strings.HasPrefix(t.name.Table[len(stem):], "_") {
			stem += "_"
		}
		g := group{t.name.Schema, stem, strings.Join(t.Key, ","), t.Cursor}
		groups[g] = append(groups[g], t)
	}
	for g, members := range groups {
		if len(members) < aFamily {
			continue
		}
		family := strings.Replace(table.Name{Schema: g.schema, Table: g.stem + "\x01"}.String(), "\x01", "*", 1)
		if strings.Contains(family, "`") {
			continue // in backticks a * is a character like others
		}
		for _, t := range members {
			t.Family = family
		}
	}
}

// usable counts the tables that are entries of the file.
func (d *draft) usable() int {
	n := 0
	for _, t := range d.tables {
		if !t.Refused {
			n++
		}
	}
	return n
}
