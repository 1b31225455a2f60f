package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func repaired() api.VerifyTableResult {
	return api.VerifyTableResult{
		Table: "shop.orders", Target: "dw.orders", Depth: api.DepthDigest, Run: "run-7", Differs: true,
		Tally:    verify.Tally{SourceRows: 1000, TargetRows: 999},
		Verdicts: map[verify.Verdict]int64{verify.Missing: 1200, verify.Newer: 1, verify.Deleted: 2},
		Repaired: map[verify.Verdict]int64{verify.Missing: 1198},
		Left: map[verify.Verdict]int64{
			verify.Newer: 1, verify.Deleted: 2, verify.Pending: 1, verify.Settled: 1,
		},
		Undo: []string{"run-7", "run-7-2"}, Differences: "verify/shop.orders/run-7/differences.parquet",
	}
}

func TestTheReceiptOfARepairSaysWhatIsLeftAndWhatTakesItBack(t *testing.T) {
	f := &fakeService{receipts: map[string]api.VerifyTableResult{"shop.orders digest": repaired()}}
	got := call(t, f, "verify", "shop.orders", "--repair")
	require.Equal(t, exitDiffers, got.code, got.stderr)
	require.Contains(t, got.stdout, `  missing    1,200: rows of the source are not on the target
  newer      1: the target's cursor is above the source's
  deleted    2: rows of the target are not at the source any more
  repaired   1,198 missing
  left       1 newer: newer on the target; --overwrite-newer writes over them
  left       2 deleted: not at the source any more; a repair deletes no row
  left       1 pending: changed since; the next run brings them
  left       1 settled: on neither side any more
  undo       tablehaul undo shop.orders run-7
  undo       tablehaul undo shop.orders run-7-2
  keys       tablehaul verify show shop.orders run-7
`)
	got = call(t, f, "verify", "shop.orders", "--repair", "--output", "json")
	require.Equal(t, exitDiffers, got.code)
	var one compared
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &one))
	require.Equal(t, repaired().Left, one.Receipt.Left)
	require.Equal(t, repaired().Undo, one.Receipt.Undo)

	all := repaired()
	all.Differs, all.Left = false, nil
	f.receipts["shop.orders digest"] = all
	require.Equal(t, exitOK, call(t, f, "verify", "shop.orders", "--repair").code, "what differed is repaired")
}

// Where rows are appended, neither values nor cursors are compared, also where that was asked for.
func TestTheReceiptOfATargetThatIsAppendedTo(t *testing.T) {
	r := api.VerifyTableResult{
		Table: "shop.orders", Target: "dw.orders", Depth: api.DepthKeys, KeysOnly: true,
		Tally: verify.Tally{SourceRows: 1, TargetRows: 2, Equal: 1},
	}
	got := call(t, &fakeService{receipts: map[string]api.VerifyTableResult{"shop.orders digest": r}}, "verify",
		"shop.orders")
	require.Contains(t, got.stdout, "1 row of shop.orders, 2 rows of dw.orders: keys\n")
	require.Contains(t, got.stdout, " of the 1 row that is equal\n")
}

func TestTheReceiptOfAnUndoSaysHowDeletesGoOn(t *testing.T) {
	f := &fakeService{undone: api.UndoTableResult{
		Table: "shop.orders", Target: "dw.orders", Restored: 1198, Changed: 2, DeletesPaused: true,
	}}
	got := call(t, f, "undo", "shop.orders", "run-7")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, `shop.orders: 1,198 rows of dw.orders are as they were before
  changed    2 rows: not what was left there, and not touched
  deletes    paused; tablehaul deletes resume shop.orders lets sweeps delete again
`, got.stdout)
	f.undone = api.UndoTableResult{Table: "shop.orders", Target: "dw.orders", Restored: 1, DryRun: true}
	require.Equal(t, "shop.orders: 1 row of dw.orders would be written back\n",
		call(t, f, "undo", "shop.orders", "run-7", "--dry-run").stdout)
}

func TestTheReceiptOfAnUndoOfASwap(t *testing.T) {
	f := &fakeService{undone: api.UndoTableResult{Table: "shop.orders", Target: "dw.orders", Swap: &api.UndoneSwap{
		At: time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC), Watermark: "7", KeptSeconds: 1800,
	}}}
	got := call(t, f, "undo", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, `shop.orders: dw.orders is the table again that it was before the swap of 2024-03-01 12:00:00 UTC;`+
		` the other one is dropped
  watermark  7
  next       tablehaul run shop.orders loads the table again
`, got.stdout)
	f.undone.DryRun = true
	require.Equal(t, "shop.orders: dw.orders would be the table again that it was before the swap of "+
		"2024-03-01 12:00:00 UTC; it is kept for 30m\n", call(t, f, "undo", "shop.orders", "--dry-run").stdout)
}

func TestFlagsOfAComparisonThatDoNotGoTogether(t *testing.T) {
	for want, args := range map[string][]string{
		"--dry-run estimates a comparison, and --repair writes": {"--dry-run", "--repair"},
		"--overwrite-newer says which rows --repair writes":     {"--overwrite-newer"},
		"--since is of --depth digest or keys":                  {"--since", "--depth", "sample"},
		"--share is of --depth sample":                          {"--share", "0.5"},
		"--share 2: write a number above 0 and up to 1":         {"--share", "2", "--depth", "sample"},
		"--depth rows: write digest, keys or sample":            {"--depth", "rows"},
		"give tables or --all, not both":                        {"--all"},
	} {
		got := call(t, &fakeService{}, append([]string{"verify", "shop.orders"}, args...)...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
	}
}
