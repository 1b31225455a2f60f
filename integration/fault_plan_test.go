package integration_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A plan that is lost or changed under a run, and with it a part of what was read, is made again.
func TestALostPlanIsMadeAnew(t *testing.T) {
	t.Parallel()
	isPlan := func(path string) bool { return filepath.Base(path) == "plan.json" }
	p := startFaulty(t, options{source: servers.MySQL(t), defaults: ", tuning: { chunkRows: 50, rangeRows: 200 }"})
	exec(t, p.src, createT, insertT(1, 900), old, "ANALYZE TABLE t")
	var left atomic.Int64
	for name, c := range map[string]struct {
		times int64
		spoil func(path string) error
	}{
		"gone at once": {1, func(path string) error {
			if isPlan(path) && left.Add(-1) >= 0 {
				return os.Remove(path)
			}
			return nil
		}},
		"gone twice, with what was read": {2, func(path string) error {
			if filepath.Base(path) != "manifest.json" || left.Add(-1) < 0 {
				return nil
			}
			run := filepath.Dir(filepath.Dir(path))
			parts, err := filepath.Glob(filepath.Join(filepath.Dir(path), "part-*"))
			for _, part := range append(parts, filepath.Join(run, "plan.json")) {
				err = errors.Join(err, os.Remove(part))
			}
			return err
		}},
		"changed": {1, func(path string) error {
			if isPlan(path) && left.Add(-1) >= 0 {
				return spoil(path, flipped)
			}
			return nil
		}},
	} {
		left.Store(c.times)
		p.onWritten(c.spoil)
		full, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err, name)
		require.EqualValues(t, 900, full.RowsExtracted, name)
		require.Negative(t, left.Load(), name)
		p.equal("t", []string{"id"}, columnsT...)

		exec(t, p.src, "UPDATE t SET n = n + 1")
		left.Store(c.times)
		p.settled("t")
		require.Negative(t, left.Load(), name)
		p.equal("t", []string{"id"}, columnsT...)
		exec(t, p.src, old)
	}

	requirePlanLost(p, isPlan)
}

// requirePlanLost requires that a plan that cannot be kept is a failure, and that the watermark stays.
func requirePlanLost(p *product, isPlan func(path string) bool) {
	t := p.t
	t.Helper()
	exec(t, p.src, "UPDATE t SET n = n + 1, updated_at = NOW(6)")
	before := p.state("t").Watermark
	p.onWritten(func(path string) error {
		if isPlan(path) {
			return os.Remove(path)
		}
		return nil
	})
	for { // rows of this very second come with the next run
		if r, err := p.try(workflows.SyncTableInput{Table: p.table("t")}); err != nil || r.RowsExtracted > 0 {
			requireFailure(t, err, failure.PlanLost, "plan.json", "run again")
			break
		}
	}
	require.LessOrEqual(t, before, p.state("t").Watermark)
	p.onWritten(nil)
	p.settled("t")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged(), "of no plan anything is left")
}
