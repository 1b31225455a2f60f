package stagingtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// kept lists and removes kept files run by run, and touches nothing else.
func kept(t *testing.T, s staging.Store) {
	orders, odd := table.Name{Schema: "shop", Table: "orders"}, table.Name{Schema: "shop", Table: "Orders"}
	begin := time.Now().Add(-time.Minute)
	note := func(name table.Name, kind staging.Kind, run string) {
		t.Helper()
		require.NoError(t, staging.Keep(t.Context(), s, staging.KeptNote{
			Kind: kind, Table: name, Run: run, Deployment: "here", Created: begin,
		}))
	}
	note(orders, staging.KeptVerify, "run-1")
	Put(t, s, staging.KeptKey(staging.KeptVerify, orders, "run-1", "differences.parquet"), "12345")
	note(odd, staging.KeptVerify, "run-1")
	note(orders, staging.KeptUndo, "run-2")
	for _, foreign := range []string{
		staging.PlanKey(orders, "run-1"), "verify/shop.orders/run-1/notes.txt", "verify/shop.orders/plan.json",
		"verify/shop.orders/run-1/more/kept.json",
	} {
		Put(t, s, foreign, "x")
	}
	before := keys(t, s, "")

	runs, err := staging.KeptRuns(t.Context(), s, staging.KeptVerify, orders)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, "run-1", runs[0].Run)
	require.Equal(t, 2, runs[0].Files)
	require.Greater(t, runs[0].Bytes, int64(5))
	require.WithinRange(t, runs[0].Written, begin, time.Now().Add(time.Minute))
	got, err := runs[0].Note(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, orders, got.Table)
	require.Equal(t, "here", got.Deployment)

	all, err := staging.AllKept(t.Context(), s)
	require.NoError(t, err)
	require.Len(t, all, 3)
	for _, one := range all {
		got, err := one.Note(t.Context(), s)
		require.NoError(t, err)
		require.Equal(t, one.Kind, got.Kind)
		name, plain := one.Table()
		require.Equal(t, got.Table == orders, plain)
		if plain {
			require.Equal(t, orders, name)
		}
	}

	require.NoError(t, runs[0].Remove(t.Context(), s))
	require.NoError(t, runs[0].Remove(t.Context(), s), "once more")
	after := keys(t, s, "")
	require.Len(t, after, len(before)-2)
	require.NotContains(t, after, staging.KeptKey(staging.KeptVerify, orders, "run-1", "differences.parquet"))
	require.Contains(t, after, staging.PlanKey(orders, "run-1"))
}
