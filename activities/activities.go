package activities

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/metrics"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Activities are the steps of a run, bound to what they work with. Every exported method is
// registered under its own name; see Register.
type Activities struct {
	deps      Deps
	manifests *manifestCache
	paces     *paceCache
	schemas   schema.Cache
	parked    parkedReaders
	failures  failures
}

// Deps are what the steps work with. All fields but MaskKey, Metrics, Webhook, Searchable, Log, HostQueue, Deployment,
// SweepAfter and Sizes are required.
type Deps struct {
	// Settings resolves a configured table; an error of it is the caller's mistake (unknown
	// table) and is never retried.
	Settings func(table.Name) (Settings, error)
	// MaskKey is the secret of a table's keyed masks; nil where no table has one.
	MaskKey func(table.Name) mask.Key
	// Catalog returns every table that Settings knows now.
	Catalog func() Catalog
	// Source and Target open, or return the already open, pool of a named connection.
	Source func(ctx context.Context, connection string) (*source.Source, error)
	Target func(ctx context.Context, connection string) (*target.Target, error)
	// Store holds staged files.
	Store staging.Store
	// Client reaches the tables' owners (TableState).
	Client client.Client
	// TaskQueue is where workflows run. HostQueue is where steps run that need the files of
	// this worker's machine; empty where every worker sees all files.
	TaskQueue string
	HostQueue string
	// Deployment names what these workers belong to, in plans and manifests: Temporal's namespace by
	// its own id, and the task queue. "" is not known, and nothing is swept.
	Deployment string
	// SweepAfter is how old files must be that Sweep removes; 0 removes none.
	SweepAfter time.Duration
	// Metrics counts what steps do; nil counts nothing.
	Metrics *metrics.Metrics
	// Webhook returns what is notified of tables that fail, are stale, or recover; nil, or a function that returns
	// nil, notifies no one.
	Webhook func() *notify.Webhook
	// Searchable reports whether the namespace knows the search attributes of
	// workflows.SearchAttributes; nil means that it does not.
	Searchable func(ctx context.Context) bool
	// Log gets one line per step; nil discards.
	Log *slog.Logger
	// Sizes bound what steps of comparisons and sweeps take at once; the zero value is the default of each.
	Sizes Sizes
}

// Sizes bound what steps take at once. Tests lower them.
type Sizes struct {
	// Stretch is how many rows of the first side a comparison joins: 50,000, about 4 MiB of keys and sums.
	Stretch int
	// SampleSlice is about how many rows a step of depth sample reads.
	SampleSlice int64
	// DeleteBatch is how many listed rows one slice of a sweep sees to: some seconds, for which sync runs wait.
	DeleteBatch int
	// RecheckFiles is about how many keys of files a second look decides at once: 100,000. For each so many, it reads
	// all files again.
	RecheckFiles int
	// SwapPatience is how long a swap waits for transactions that are older than the load, before it rebuilds the
	// table: 10 minutes.
	SwapPatience time.Duration
	// FilesRange is the least size of a range of files, in bytes: 64 MiB; below it, ranges side by side gain nothing.
	FilesRange int64
	// FilesAway is how many files the state names at once that are being removed or moved: 2,000, which are 64 KiB.
	FilesAway int
}

// orDefaults is s with the default in each place that is zero.
func (s Sizes) orDefaults() Sizes {
	return Sizes{
		Stretch: cmp.Or(s.Stretch, 50_000), SampleSlice: cmp.Or(s.SampleSlice, verifyRangeRows),
		DeleteBatch: cmp.Or(s.DeleteBatch, 5_000), SwapPatience: cmp.Or(s.SwapPatience, 10*time.Minute),
		RecheckFiles: cmp.Or(s.RecheckFiles, 100_000),
		FilesRange:   cmp.Or(s.FilesRange, 64<<20), FilesAway: cmp.Or(s.FilesAway, 2_000),
	}
}

// New binds the steps to deps.
func New(deps Deps) *Activities {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	deps.Sizes = deps.Sizes.orDefaults()
	if open := deps.Source; open != nil {
		deps.Source = func(ctx context.Context, connection string) (*source.Source, error) {
			if connection == "" {
				return nil, errNoSource("the table")
			}
			return open(ctx, connection)
		}
	}
	return &Activities{deps: deps, manifests: newManifestCache(), paces: newPaceCache()}
}

// Register makes every step known to w under its method's name, which is public vocabulary:
// histories hold it.
func Register(w worker.ActivityRegistry, a *Activities) {
	for name, f := range map[string]any{
		"BeginRun":           withStepLog(a, a.BeginRun),
		"PlanRun":            withStepLog(a, a.PlanRun),
		"DiscoverFiles":      withStepLog(a, a.PlanRun),
		"ReadFiles":          withStepLog(a, a.ReadFiles),
		"PutFilesAway":       withStepLog(a, a.PutFilesAway),
		"ExtractIncremental": withStepLog(a, a.ExtractIncremental),
		"WaitForFiles":       withStepLog(a, a.WaitForFiles),
		"ListChunks":         withStepLog(a, a.ListChunks),
		"UpsertChunk":        withStepLog(a, a.UpsertChunk),
		"Cleanup":            withStepLog(a, a.Cleanup),
		"AddIndexes":         withStepLog(a, a.AddIndexes),
		"CheckReplacement":   withStepLog(a, a.CheckReplacement),
		"SwapTable":          withStepLog(a, a.SwapTable),
		"DropOld":            withStepLog(a, a.DropOld),
		"RecordProgress":     withStepLog(a, a.RecordProgress),
		"FinishRun":          withStepLog(a, a.FinishRun),
		"PreviewRun":         withStepLog(a, a.PreviewRun),
		"PlanVerify":         withStepLog(a, a.PlanVerify),
		"CompareRange":       withStepLog(a, a.CompareRange),
		"RecheckRows":        withStepLog(a, a.RecheckRows),
		"FinishVerify":       withStepLog(a, a.FinishVerify),
		"BeginSlice":         withStepLog(a, a.BeginSlice),
		"EndSlice":           withStepLog(a, a.EndSlice),
		"SettleQuarantine":   withStepLog(a, a.SettleQuarantine),
		"RetryQuarantine":    withStepLog(a, a.RetryQuarantine),
		"DropQuarantine":     withStepLog(a, a.DropQuarantine),
		"ShowQuarantine":     withStepLog(a, a.ShowQuarantine),
		"ShowDifferences":    withStepLog(a, a.ShowDifferences),
		"PlanRepair":         withStepLog(a, a.PlanRepair),
		"StageRepair":        withStepLog(a, a.StageRepair),
		"FinishRepair":       withStepLog(a, a.FinishRepair),
		"PlanFill":           withStepLog(a, a.PlanFill),
		"PlanUndo":           withStepLog(a, a.PlanUndo),
		"StageUndo":          withStepLog(a, a.StageUndo),
		"FinishUndo":         withStepLog(a, a.FinishUndo),
		"PlanUndoSwap":       withStepLog(a, a.PlanUndoSwap),
		"UndoSwap":           withStepLog(a, a.UndoSwap),
		"PauseDeletes":       withStepLog(a, a.PauseDeletes),
		"DropPlan":           withStepLog(a, a.DropPlan),
		"CheckDeletes":       withStepLog(a, a.CheckDeletes),
		"DeleteRows":         withStepLog(a, a.DeleteRows),
		"Notify":             withStepLog(a, a.Notify),
		"Sweep":              withAttempt(a, a.Sweep),
		"StopSweeping":       a.StopSweeping,
		"ListTables":         withAttempt(a, a.ListTables),
	} {
		w.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
}

// settings resolves the table that an input names.
func (a *Activities) settings(name string) (Settings, error) {
	n, err := table.ParseName(name)
	if err != nil {
		return Settings{}, invalidInput(fmt.Sprintf("table: %s", err), `name a configured table as "schema.table"`)
	}
	s, err := a.deps.Settings(n)
	if err != nil {
		return Settings{}, failure.New(
			failure.UnknownTable, err.Error(), "add it under tables: in the worker's configuration, or mend the name",
		)
	}
	return s, nil
}

// log is the logger of the running step, with the table and the attempt.
func (a *Activities) log(ctx context.Context, tbl string) *slog.Logger {
	info := activity.GetInfo(ctx)
	return a.deps.Log.With("step", info.ActivityType.Name, "table", tbl, "attempt", info.Attempt)
}
