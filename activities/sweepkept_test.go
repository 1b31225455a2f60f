package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Kept files stay for as long as their table says, each kind by itself. Those of a table that has left the
// configuration stay for the default, those of another deployment and those that no note names for ever.
func TestSweepRemovesKeptFilesWhenTheirTimeIsOver(t *testing.T) {
	folder := t.TempDir()
	store, err := file.Open(folder)
	require.NoError(t, err)
	orders, odd := table.Name{Schema: "shop", Table: "orders"}, table.Name{Schema: "shop", Table: "Größe"}
	gone := table.Name{Schema: "shop", Table: "gone"}
	b := &bench{t: t, folder: folder, deps: activities.Deps{
		Store: store, Deployment: "here", SweepAfter: time.Hour,
		Settings: func(n table.Name) (activities.Settings, error) {
			if n == gone {
				return activities.Settings{}, fmt.Errorf("%s is not in the configuration", n)
			}
			day := 24 * time.Hour
			return activities.Settings{Keep: map[staging.Kind]time.Duration{
				staging.KeptVerify: 2 * day, staging.KeptUndo: 20 * day,
			}}, nil
		},
	}}
	b.restart()
	keep := func(kind staging.Kind, tbl table.Name, run, deployment string, days float64, note bool) func() bool {
		require.NoError(t, staging.Keep(t.Context(), store, staging.KeptNote{
			Kind: kind, Table: tbl, Run: run, Deployment: deployment,
		}))
		at := time.Now().Add(-time.Duration(days * float64(24*time.Hour)))
		path := filepath.Join(folder, filepath.FromSlash(staging.KeptKey(kind, tbl, run, "differences.parquet")))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		about := filepath.Join(filepath.Dir(path), "kept.json")
		for _, name := range []string{path, about} {
			require.NoError(t, os.Chtimes(name, at, at))
		}
		if !note {
			require.NoError(t, os.Remove(about))
		}
		return func() bool {
			_, err := os.Stat(path)
			return err == nil
		}
	}
	old, oldOdd := keep(staging.KeptVerify, orders, "old", "here", 2.1, true),
		keep(staging.KeptVerify, odd, "old", "here", 2.1, true)
	young := keep(staging.KeptVerify, orders, "young", "here", 1.9, true)
	otherKind := keep(staging.KeptUndo, orders, "undo", "here", 19.9, true)
	oldUndo := keep(staging.KeptUndo, orders, "old-undo", "here", 20.1, true)
	leftYoung, leftOld := keep(staging.KeptQuarantine, gone, "young", "here", 29, true),
		keep(staging.KeptQuarantine, gone, "old", "here", 31, true)
	elsewhere := keep(staging.KeptVerify, orders, "theirs", "elsewhere", 400, true)
	unnamed := keep(staging.KeptVerify, orders, "unnamed", "here", 400, false)

	var out activities.SweepResult
	require.NoError(t, b.step("Sweep", nil, &out))
	require.Equal(t, activities.SweepResult{Expired: 4, Files: 8, Kept: 3, Others: 1, Unnamed: 1}, out)
	for _, one := range []func() bool{young, otherKind, leftYoung, elsewhere, unnamed} {
		require.True(t, one())
	}
	for _, one := range []func() bool{old, oldOdd, oldUndo, leftOld} {
		require.False(t, one())
	}
}
