package activities_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The end of a comparison counts what staging keeps of its table: its own receipt and list, and the files of each other
// kind, and nothing of other tables.
func TestTheEndOfAComparisonCountsKeptFiles(t *testing.T) {
	c := small(t, servers.MySQL(t))
	c.state.state.ID = "state"
	for _, kind := range staging.KeptKinds() {
		for _, name := range []table.Name{c.settings.Table, {Schema: "other", Table: "t"}} {
			require.NoError(t, staging.Keep(t.Context(), c.deps.Store, staging.KeptNote{
				Kind: kind, Table: name, Run: "an-earlier-run",
			}))
		}
	}
	_, in := c.planned(api.DepthDigest)
	var ignored any
	require.NoError(t, c.step("CompareRange", in, &ignored))
	in.Range = 1
	require.NoError(t, c.step("RecheckRows", in, &ignored))
	finish := activities.FinishVerifyInput{
		RangeInput: in, StateID: "state", Record: &owner.VerifyRecord{Differs: true},
		Receipt: &api.VerifyTableResult{Table: in.Table},
	}
	want := owner.Kept{}
	for range 2 { // its reply was lost
		require.NoError(t, c.step("FinishVerify", finish, &ignored))
		want = owner.Kept{}
		for _, kind := range staging.KeptKinds() {
			under := filepath.Join(c.folder, string(kind), staging.TablePrefix(c.settings.Table))
			require.NoError(t, filepath.WalkDir(under, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				info, err := os.Stat(path)
				want.Files, want.Bytes = want.Files+1, want.Bytes+info.Size()
				return err
			}))
		}
		require.Equal(t, want, *c.state.state.Kept)
	}
	require.GreaterOrEqual(t, want.Files, 3+3, "a note of each kind; note, list and receipt of this one")
}
