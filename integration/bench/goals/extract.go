package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/testsuite"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/integration/bench/usualway"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
)

// steps runs activities without a workflow, one after another.
type steps struct {
	env     *testsuite.TestActivityEnvironment
	plan    activities.PlanRunResult
	closers []func() error
}

// stepsRun is the name of their run in staging.
const stepsRun = "bench"

// newSteps plans a first load with the product's default settings, which creates the target.
func (b *bench) newSteps(ctx context.Context) (_ *steps, err error) {
	s := &steps{}
	pools := map[mysqldb.Role]*mysqldb.DB{}
	for role, dsn := range map[mysqldb.Role]string{mysqldb.Source: b.SourceDSN(), mysqldb.Target: b.TargetDSN()} {
		db, err := mysqldb.Open(ctx, dsn, mysqldb.Options{Role: role, Name: "bench"})
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		pools[role] = db
		s.closers = append(s.closers, db.Close)
	}
	store, err := file.Open(b.Dir + "/steps")
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	settings, err := b.defaultSettings()
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	src := source.New(pools[mysqldb.Source])
	a := activities.New(activities.Deps{
		Settings: func(table.Name) (activities.Settings, error) { return settings, nil },
		Source:   func(context.Context, string) (*source.Source, error) { return src, nil },
		Target: func(context.Context, string) (*target.Target, error) {
			return target.New(pools[mysqldb.Target]),
				nil
		},
		Store: store,
	})
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	s.env = suite.NewTestActivityEnvironment()
	activities.Register(s.env, a)
	if err := s.do("PlanRun", activities.PlanRunInput{Table: scene.Table, Run: stepsRun}, &s.plan); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// do runs one activity and reads its result.
func (s *steps) do(activity string, in, out any) error {
	value, err := s.env.ExecuteActivity(activity, in)
	if err != nil {
		return err
	}
	return value.Get(out)
}

func (s *steps) close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// defaultSettings are what the configuration gives a table of which it says nothing but the cursor.
func (b *bench) defaultSettings() (activities.Settings, error) {
	cfg, err := config.Load(strings.NewReader(`
connections: { source: { dsn: "a@tcp(127.0.0.1)/" }, target: { dsn: "a@tcp(127.0.0.1)/" } }
staging: { url: "file:///bench" }
defaults: { sourceConnection: source, targetConnection: target }
tables: [ { name: `+scene.Table+`, cursor: updated_at } ]`), func(string) string { return "" })
	if err != nil {
		return activities.Settings{}, err
	}
	name, err := table.ParseName(scene.Table)
	if err != nil {
		return activities.Settings{}, err
	}
	t, err := cfg.Table(name)
	return activities.Settings{
		Table: t.Name, Target: t.Target, SourceConnection: t.SourceConnection, TargetConnection: t.TargetConnection,
		Cursor: t.Cursor, ChunkRows: t.ChunkRows, ChunkBytes: t.ChunkBytes, PartBytes: t.PartBytes,
		PageRows: t.PageRows, PageBytes: t.PageBytes, PageTime: t.PageTime, RangeRows: t.RangeRows,
		RangeBytes:   t.RangeBytes,
		CreateTarget: true, Compression: cfg.Staging.Compression,
	}, err
}

// extract compares ExtractIncremental, range after range, with one SELECT of the same rows whose
// values the driver decodes and drops. What database/sql makes of it is measured beside.
func (b *bench) extract(ctx context.Context) error {
	b.Say("extract of %s rows, and reading them only", scene.Number(int64(b.rows)))
	err := rounds(
		ctx, 3, nil,
		contestant{sample: &b.figures.extract, prepare: b.nothingStaged, do: b.extractAll},
		contestant{sample: &b.figures.discard, do: b.discardAll},
		contestant{sample: &b.figures.scan, do: b.scanAll},
	)
	if err == nil {
		err = b.nothingStaged(ctx)
	}
	return errors.Join(err, b.steps.close())
}

func (b *bench) rangeInput(i int) activities.RangeInput {
	return activities.RangeInput{Table: scene.Table, Run: stepsRun, PlanSum: b.steps.plan.PlanSum, Range: i}
}

// slices calls do for the slices of every range, one after the other, until it says that the
// range has no more.
func (b *bench) slices(do func(in activities.RangeInput) (more bool, err error)) error {
	for i := range b.steps.plan.Ranges {
		in := b.rangeInput(i)
		for more := true; more; in.Slice++ {
			var err error
			if more, err = do(in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) nothingStaged(context.Context) error {
	return b.slices(func(in activities.RangeInput) (bool, error) {
		var out activities.CleanupResult
		err := b.steps.do("Cleanup", in, &out)
		return out.Parts > 0, err
	})
}

func (b *bench) extractAll(context.Context) (rows int64, err error) {
	err = b.slices(func(in activities.RangeInput) (bool, error) {
		var out activities.ExtractResult
		err := b.steps.do("ExtractIncremental", in, &out)
		rows += out.Rows
		return out.More, err
	})
	return rows, errors.Join(err, b.isAll(rows))
}

func (b *bench) discardAll(ctx context.Context) (rows int64, err error) {
	err = usualway.Stream(ctx, b.SourceDB, "SELECT * FROM "+scene.Table, func([]driver.Value) error {
		rows++
		return nil
	})
	if err != nil {
		return rows, err
	}
	return rows, b.isAll(rows)
}

// scanAll reads the rows as most programs do: by database/sql, which hands over each value once more.
func (b *bench) scanAll(ctx context.Context) (n int64, err error) {
	rows, err := b.SourceDB.QueryContext(ctx, "SELECT * FROM "+scene.Table)
	if err != nil {
		return 0, err
	}
	defer rows.Close() //nolint:errcheck // Err is checked
	var values [len(scene.Order{}.Texts)]sql.RawBytes
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		n++
	}
	return n, errors.Join(rows.Err(), b.isAll(n))
}

func (b *bench) isAll(rows int64) error {
	if rows != int64(b.rows) {
		return fmt.Errorf("%d rows of %d", rows, b.rows)
	}
	return nil
}

// silent drops the lines of the activity environment.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
