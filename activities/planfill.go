package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// fillChunkRows is how many rows a chunk of a fill has at most: each is a few columns, and is locked.
	fillChunkRows = 4_000
	// fillSliceChunks bounds a slice of a fill, which holds the table's lease for some seconds while it is written.
	fillSliceChunks = 10
)

// PlanFillInput asks for columns of old rows to be filled.
type PlanFillInput struct {
	Table string `json:"table"`
	// Run is the name that the fill's files get in staging.
	Run string `json:"run"`
	// Columns are those of the target to fill.
	Columns []string `json:"columns"`
	// DryRun plans a fill that writes no row.
	DryRun bool `json:"dryRun,omitempty"`
}

// PlanFillResult is the plan of a fill as far as histories may know it: no keys, no rows.
type PlanFillResult struct {
	Target  string `json:"target"`
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Columns are those of the input, as the target spells them.
	Columns []string `json:"columns"`
	// Cursor and Through say which rows are read: those up to the watermark. Runs bring the others.
	Cursor  string `json:"cursor"`
	Through string `json:"through"`
	// RowsEstimate is the server's guess of the source's rows, 0 where it has none.
	RowsEstimate   int64    `json:"rowsEstimate,omitempty"`
	ChunksInFlight int      `json:"chunksInFlight"`
	ChunkRows      int64    `json:"chunkRows"`
	Priority       int      `json:"priority,omitempty"`
	Warnings       []string `json:"warnings,omitempty"`
	// Queue is that of the host which has the plan; empty where every worker sees it.
	Queue string `json:"queue,omitempty"`
}

// fillPlan says, in a staged plan, which columns are filled.
type fillPlan struct {
	Columns []string `json:"columns"`
	DryRun  bool     `json:"dryRun,omitempty"`
}

// PlanFill checks both sides as a run's plan does, and stages a plan whose only range is the whole key space, up to
// the watermark. A table without a cursor is refused: each of its runs writes every row.
//
// Repeating it is harmless: it plans again, and the last plan counts.
func (a *Activities) PlanFill(ctx context.Context, in PlanFillInput) (PlanFillResult, error) {
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PlanFillResult{}, err
	}
	p, err := a.draft(ctx, PlanRunInput{Table: in.Table, State: state, preview: true})
	if err != nil {
		return PlanFillResult{}, err
	}
	if p.settings.Cursor == "" {
		return PlanFillResult{}, invalidInput("a backfill of "+in.Table+", which has no cursor",
			"each run writes every row of it, the added columns too: tablehaul run "+human.Arg(in.Table))
	}
	if p.settings.Write == table.WriteReplace {
		return PlanFillResult{}, invalidInput("a backfill of "+in.Table+", whose write is replace",
			"each run loads all of it again, the added columns too: tablehaul run "+human.Arg(in.Table))
	}
	if err := p.comparable(in.Table); err != nil {
		return PlanFillResult{}, err
	}
	columns, names, err := p.fillColumns(in.Columns)
	if err != nil {
		return PlanFillResult{}, err
	}
	through := p.id.state.Watermark
	plan := stagedPlan{
		Version: 1, Deployment: a.deps.Deployment, StateID: state.ID,
		WorkflowID: activity.GetInfo(ctx).WorkflowExecution.ID, Settings: p.settings, ByKey: true,
		Window: table.Window{Hi: through}, Columns: columns, Key: p.table.PrimaryKey, Ranges: []piece{{}},
		Fill: &fillPlan{Columns: names, DryRun: in.DryRun},
	}
	plan.Settings.ChunkRows = min(plan.Settings.ChunkRows, fillChunkRows)
	out := PlanFillResult{
		Target: p.settings.Target.String(), Run: in.Run, Columns: names, Cursor: p.settings.Cursor, Through: through,
		RowsEstimate: p.table.RowsEstimate, ChunksInFlight: p.settings.ChunksInFlight,
		ChunkRows: int64(plan.Settings.ChunkRows), Priority: p.settings.Priority, Warnings: p.warnings,
		Queue: a.deps.HostQueue,
	}
	if out.PlanSum, err = a.writePlan(ctx, in.Run, plan); err != nil {
		return PlanFillResult{}, translate(ctx, err, where{doing: "stage the plan of a backfill of " + in.Table})
	}
	logStep(ctx, "columns", len(names), "through", through)
	return out, nil
}

// fillColumns are the columns that a fill reads, the key and the cursor among them, and the names of those it writes.
func (p *planDraft) fillColumns(asked []string) (columns []table.Column, names []string, err error) {
	for _, name := range asked {
		switch i := table.Index(p.target.Columns, name); {
		case i < 0:
			return nil, nil, invalidInput(fmt.Sprintf("%s is no column that %s gets from %s", name, p.settings.Target,
				p.settings.Table), "name one of "+columnList(p.target.Columns))
		case p.finds(name):
			return nil, nil, invalidInput(name+" is in the key, or the cursor, by which rows are found",
				"load the table again where it is wrong: tablehaul run "+human.Arg(p.settings.Table.String())+" --full")
		case !table.HasColumn(names, name):
			names = append(names, p.target.Columns[i].Name)
		}
	}
	if len(names) == 0 {
		return nil, nil, invalidInput("no column to fill", "name one of "+columnList(p.target.Columns))
	}
	for _, c := range p.target.Columns {
		if p.finds(c.Name) || table.HasColumn(names, c.Name) {
			columns = append(columns, c)
		}
	}
	return columns, names, nil
}

// finds reports whether rows of the target are found by a column: it is in the key, or the cursor.
func (p *planDraft) finds(name string) bool {
	return p.wanted().IsKeyColumn(name) || table.SameColumn(name, p.settings.Cursor)
}

// columnList names a few columns.
func columnList(columns []table.Column) string {
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		names = append(names, c.Name)
	}
	const most = 20
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "…")
	}
	return strings.Join(names, ", ")
}
