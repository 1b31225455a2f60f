package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// maxPlanBytes bounds a plan file. A thousand ranges with keys of 3,072 bytes need 12 MiB.
const maxPlanBytes = 64 << 20

// stagedPlan is what the steps of a run agree on. It stays in staging: key values do not belong in
// histories. It is written once, by PlanRun, and its hash travels with every step.
type stagedPlan struct {
	Version int `json:"version"`
	// Deployment is whose the files are: see Deps.
	Deployment string `json:"deployment,omitempty"`
	// WorkflowID is that of the run, by which Sweep asks whether the run lives.
	WorkflowID string       `json:"workflowId,omitempty"`
	Settings   Settings     `json:"settings"`
	Mode       string       `json:"mode"`
	Window     table.Window `json:"window"`
	// StateID is that of the table's state, as in its state row.
	StateID string `json:"stateId,omitempty"`
	// FreshAt: see PlanRunResult.
	FreshAt time.Time `json:"freshAt,omitzero"`
	// ByKey says that ranges are of the key space; otherwise they are pieces of the window.
	ByKey bool `json:"byKey"`
	// ZoneOffset is how far the cursor's zone is ahead of UTC, for ranges that are read up to now.
	ZoneOffset time.Duration `json:"zoneOffset,omitempty"`
	// Ceiling bounds the values of an integer cursor that are read at all; "" is no bound.
	Ceiling string `json:"ceiling,omitempty"`
	// Unsettled says which rows of the target give way although they are newer by cursor; NeedsFence
	// that this is for what tails have brought, and so for a run with a state row on the target.
	Unsettled  table.Unsettled `json:"unsettled,omitzero"`
	NeedsFence bool            `json:"needsFence,omitempty"`
	// Columns are those whose values travel, Key the primary key's names.
	Columns []table.Column `json:"columns"`
	Key     []string       `json:"key"`
	Ranges  []piece        `json:"ranges"`
	// Comparison is set in the plan of a comparison, whose ranges are those of keys.
	Comparison *comparison `json:"comparison,omitempty"`
	// Expect is set in the plan of a repair or an undo: the last of Columns says what each row replaces, by the
	// sum of these columns of the target. Repair is set in that of a repair.
	Expect []table.Column `json:"expect,omitempty"`
	Repair *repairPlan    `json:"repair,omitempty"`
	// Fill is set in the plan of a fill: Columns are then the key, the cursor and those to fill.
	Fill *fillPlan `json:"fill,omitempty"`
	// FilesText is how the maker of files writes text.
	FilesText *layout.Text `json:"filesText,omitempty"`
	// Removal is set where rows of files are deletes: the last of Columns is the moment, NULL for a row that is there.
	Removal *removal `json:"removal,omitempty"`
	// Frozen is set in the plan of a run of files that a later one may take up.
	Frozen *frozenFiles `json:"frozen,omitempty"`
	// Ordered says that no cursor decides between two versions of a row: chunks are written in the plan's order.
	Ordered bool `json:"ordered,omitempty"`
	// DoneBefore has a '1' for each range of files that an earlier run has loaded: this one does not read it.
	DoneBefore string `json:"doneBefore,omitempty"`
	// RefersToItself: see mysqldb.TargetPlan.
	RefersToItself bool `json:"refersToItself,omitempty"`
	// Replacement is set in the plan of a run that replaces its target.
	Replacement *replacementPlan `json:"replacement,omitempty"`
	// IndexesLater are the indexes that the target gets when the first load is done.
	IndexesLater []target.DeferredIndex `json:"later,omitempty"`
}

// piece is what one range of a run reads: a part of the key space, or of the window. With
// neither it is all that the run reads.
type piece struct {
	Keys   *scan.KeyRange `json:"keys,omitempty"`
	Window *table.Window  `json:"window,omitempty"`
	// ToNow says that it is read on, above the end of its window, up to the source's clock.
	ToNow bool `json:"toNow,omitempty"`
	// Repair is a batch of a repair, and of nothing else.
	Repair *repairPiece `json:"repair,omitempty"`
	// Files are read one after the other, of a table that is loaded from files.
	Files []plannedFile `json:"files,omitempty"`
	// Kept are manifests of a kept run, whose keys a replay compares.
	Kept []string `json:"kept,omitempty"`
	// Undo is a batch of an undo, and of nothing else.
	Undo *undoPiece `json:"undo,omitempty"`
}

func (a *Activities) writePlan(ctx context.Context, run string, p stagedPlan) (sum string, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode the plan: %w", err)
	}
	if err := a.deps.Store.Put(ctx, staging.PlanKey(p.Settings.Table, run), bytes.NewReader(text)); err != nil {
		return "", fmt.Errorf("stage the plan: %w", err)
	}
	return hash(text), nil
}

// readPlan returns the staged plan of a run. sum is the expected SHA-256; empty accepts any.
func (a *Activities) readPlan(ctx context.Context, tbl table.Name, run, sum string) (stagedPlan, string, error) {
	text, err := a.planText(ctx, staging.PlanKey(tbl, run), run)
	if err != nil {
		return stagedPlan{}, "", err
	}
	got := hash(text)
	if sum != "" && got != sum {
		return stagedPlan{}, "", fmt.Errorf("plan of run %s: SHA-256 %s, expected %s: %w", run, got, sum,
			staging.ErrCorrupt)
	}
	p, err := parsePlan(text, run)
	return p, got, err
}

// planAt is readPlan of a key whose table only the plan itself knows.
func (a *Activities) planAt(ctx context.Context, key, run string) (stagedPlan, error) {
	text, err := a.planText(ctx, key, run)
	if err != nil {
		return stagedPlan{}, err
	}
	return parsePlan(text, run)
}

func (a *Activities) planText(ctx context.Context, key, run string) ([]byte, error) {
	f, err := a.deps.Store.Open(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("open the plan of run %s: %w", run, err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if f.Size() > maxPlanBytes {
		return nil, fmt.Errorf("plan of run %s: %d bytes: %w", run, f.Size(), staging.ErrCorrupt)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil {
		return nil, fmt.Errorf("read the plan of run %s: %w", run, err)
	}
	return text, nil
}

func parsePlan(text []byte, run string) (stagedPlan, error) {
	var p stagedPlan
	if err := json.Unmarshal(text, &p); err != nil {
		return stagedPlan{}, fmt.Errorf("plan of run %s: %w", run, errors.Join(staging.ErrCorrupt, err))
	}
	return p, nil
}

// dropPlan removes the staged plan of a run that is over, and every other file of ours that
// its attempts left: parts of a worker that was killed are in no manifest.
func (a *Activities) dropPlan(ctx context.Context, tbl, run string) error {
	n, err := table.ParseName(tbl)
	if err != nil {
		return err
	}
	_, err = staging.Sweep(ctx, a.deps.Store, staging.RunPrefix(n, run), time.Now().Add(ahead))
	return err
}

// ahead makes a sweep take every file, also where the store's clock is ahead of ours.
const ahead = 24 * time.Hour

func hash(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// sameSource reports whether t, a mapped source, still is what the plan was made for.
func (p *stagedPlan) sameSource(t *schema.Table) bool {
	ignores := p.Settings.Schema.NewColumns == table.ContractIgnore || p.Fill != nil
	return p.readsAlike(t) && (ignores || len(table.Carried(p.carrying(t).Values())) == len(p.Columns))
}

// readsAlike reports whether the key and the columns that the plan reads are the same in t, a mapped source. A column
// that has come since is not read. One that was renamed to another spelling of its name is the same to the server, and
// so to the plan.
func (p *stagedPlan) readsAlike(t *schema.Table) bool {
	now := slices.DeleteFunc(table.Carried(p.carrying(t).Values()), func(c table.Column) bool {
		return table.Index(p.Columns, c.Name) < 0
	})
	return slices.EqualFunc(p.Key, t.PrimaryKey, table.SameColumn) && slices.EqualFunc(p.Columns, now, sameColumn)
}

// carrying is the source with those generated columns as plain ones whose values travel.
func (p *stagedPlan) carrying(t *schema.Table) *schema.Table {
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	return t.Carrying(names...)
}

// sameColumn reports whether b is read as a was; what a does not know of how its values are made does not count.
func sameColumn(a, b table.Column) bool {
	if !table.SameColumn(a.Name, b.Name) || madeOtherwise(a.MadeBy, b) {
		return false
	}
	a.Name, b.Name, a.MadeBy, b.MadeBy = "", "", "", ""
	a.Members, b.Members = nil, nil // part of Type
	return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}
