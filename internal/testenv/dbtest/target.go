package dbtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Pair is a source and a target server, each with a schema.
type Pair struct {
	T        *testing.T
	Src, Dst *mysqldb.DB
	From, To string // schemas
	Source   *servers.Server
	Target   *servers.Server
	// Contract is that of the plans.
	Contract table.Contract
	// Had are columns that the source has had, for the plans.
	Had []string
	// Roughly says that counts may be approximate: servers count a row whose column with a default
	// holds NULL as one that they have touched.
	Roughly bool
}

// EachPair runs f for all four pairs of flavors.
func EachPair(t *testing.T, f func(t *testing.T, p *Pair)) {
	t.Helper()
	servers.Each(t, func(t *testing.T, source *servers.Server) {
		for _, target := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
			t.Run("to "+string(target.Flavor), func(t *testing.T) { f(t, NewPair(t, source, target)) })
		}
	})
}

// NewPair makes a schema on each side, and opens both.
func NewPair(t *testing.T, source, target *servers.Server) *Pair {
	t.Helper()
	return &Pair{
		T: t, Contract: Follows, Source: source, Target: target, From: source.Schema(t), To: target.Schema(t),
		Src: Open(t, source, mysqldb.Options{Role: mysqldb.Source, Name: "source"}),
		Dst: Open(t, target, mysqldb.Options{Role: mysqldb.Target, Name: "target"}),
	}
}

// Follows is a contract that follows every change it may.
var Follows = table.Contract{NewColumns: table.ContractAdd, Widened: table.ContractAlter, MaxCopyRows: 100_000}

// AtSource runs statements at the source, which must succeed.
func (p *Pair) AtSource(statements ...string) {
	p.T.Helper()
	Exec(p.T, Lenient(p.T, p.Source, p.From), statements...)
}

// AtTarget runs statements on the target, which must succeed.
func (p *Pair) AtTarget(statements ...string) {
	p.T.Helper()
	Exec(p.T, Lenient(p.T, p.Target, p.To), statements...)
}

// Plan compares the target of a table with its source.
func (p *Pair) Plan(name string) target.Diff {
	p.T.Helper()
	plan, err := target.New(p.Dst).Compare(p.T.Context(), p.Src, Introspect(p.T, p.Src, p.From, name),
		table.Name{Schema: p.To, Table: name},
		target.Options{Create: true, Contract: p.Contract, Had: p.Had})
	require.NoError(p.T, err)
	return plan
}

// Apply plans, applies and plans again, which must find nothing left to do.
func (p *Pair) Apply(name string) target.Diff {
	p.T.Helper()
	plan := p.Plan(name)
	require.False(p.T, plan.Refused(), "%+v", plan.Findings)
	require.NoError(p.T, target.New(p.Dst).Apply(p.T.Context(), plan), "%s", plan.Statements)
	again := p.Plan(name)
	require.Empty(p.T, again.Statements)
	require.False(p.T, again.Refused(), "%+v", again.Findings)
	return plan
}

// Write reads the source's rows and writes them to the target, once.
func (p *Pair) Write(name, cursor string) {
	p.T.Helper()
	source := Introspect(p.T, p.Src, p.From, name)
	spec := upsert.Spec{Target: Introspect(p.T, p.Dst, p.To, name), Columns: p.Plan(name).Columns, Cursor: cursor}
	_, err := scan.ReadPages(p.T.Context(), p.Src, scan.ReadSpec{Table: source, Columns: spec.Columns},
		func(rows *table.Rows) error {
			_, err := upsert.WriteChunk(p.T.Context(), p.Dst, spec, rows, nil)
			return err
		})
	require.NoError(p.T, err)
}

// CopyRows reads the source's rows, writes them to the target and compares what both print.
func (p *Pair) CopyRows(name, cursor string) {
	p.T.Helper()
	source := Introspect(p.T, p.Src, p.From, name)
	columns := table.Carried(source.Values())
	spec := upsert.Spec{Target: Introspect(p.T, p.Dst, p.To, name), Columns: columns, Cursor: cursor, MaxBatchRows: 3}
	_, err := scan.ReadPages(p.T.Context(), p.Src, scan.ReadSpec{Table: source, Columns: columns},
		func(rows *table.Rows) error {
			for again := range 2 { // the second time every row meets itself
				res, err := upsert.WriteChunk(p.T.Context(), p.Dst, spec, rows, nil)
				if err != nil {
					return err
				}
				require.False(p.T, res.Approximate && !p.Roughly, "%+v", res)
				if again == 1 {
					require.Equal(p.T, int64(rows.Len()), res.Unchanged, "%+v", res)
				}
			}
			return nil
		})
	require.NoError(p.T, err)
	want, _ := ReadAll(p.T, p.Src, scan.ReadSpec{Table: source, Columns: columns})
	same := make([]table.Column, len(columns)) // the target's, in the source's order
	for i, c := range columns {
		same[i] = spec.Target.Column(c.Name).Column
	}
	got, _ := ReadAll(p.T, p.Dst, scan.ReadSpec{Table: spec.Target, Columns: same})
	if p.Target.Flavor == servers.FlavorMariaDB {
		for i := range want { // it has no negative zero
			want[i] = strings.ReplaceAll(want[i], "|-0|", "|0|")
		}
	}
	require.ElementsMatch(p.T, want, got) // servers may sort keys differently
}
