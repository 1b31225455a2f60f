package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// quarantined is shop.orders with rows in quarantine.
func quarantined() map[string]owner.State {
	states := ownedOrders()
	one := states["shop.orders"]
	one.Quarantine = &api.Quarantine{
		Open: 3, Waiting: 1, Oldest: time.Now().Add(-2 * time.Hour), First: "value too long, column note (error 1406)",
	}
	states["shop.orders"] = one
	return states
}

func TestQuarantineListCountsRows(t *testing.T) {
	f := &fakeService{states: quarantined()}
	got := call(t, f, "quarantine", "list")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `(?m)^ *shop\.orders +4 +1 +2h.* +value too long, column note \(error 1406\) *$`, got.stdout)
	got = call(t, f, "quarantine", "list", "shop.orders", "--output", "json")
	require.Contains(t, got.stdout, `{"table":"shop.orders","open":3,"waiting":1,"oldest":"`)
	got = call(t, &fakeService{states: ownedOrders()}, "quarantine", "list")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "no row is in quarantine")

	for _, args := range [][]string{{"status"}, {"status", "shop.orders"}} {
		got = call(t, f, args...)
		require.Contains(t, got.stdout, "4 rows in quarantine, 1 of them waiting for rows that they refer to", args)
	}
}

func TestQuarantineRetryAndDrop(t *testing.T) {
	left := api.Quarantine{Open: 1, First: "out of range"}
	f := &fakeService{
		retried: map[string]api.RetryQuarantineResult{
			"retry shop.orders": {Table: "shop.orders", Written: 2, Gone: 1, Pending: 1, Left: left},
		},
		dropped: map[string]api.DropQuarantineResult{"drop shop.orders": {Table: "shop.orders", Dropped: 2}},
	}
	got := call(t, f, "quarantine", "retry", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, "shop.orders: 2 written, 1 gone at the source, 1 left\n"+
		"  1 row changed since the last run, or newer than the replica that is the source: left to later runs\n"+
		"  first:      out of range\n", got.stdout)

	got = call(t, f, "quarantine", "drop", "shop.orders")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "nothing was dropped: --yes drops without asking")
	require.Equal(t, []string{"retry shop.orders"}, f.did)
	got = call(t, f, "quarantine", "drop", "shop.orders", "run-7", "--yes")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, "shop.orders: 2 rows dropped, 0 left\n", got.stdout)
	require.Equal(t, "drop shop.orders run-7", f.did[1])

	failed := &remote.FailedError{Type: failure.ServerRejected, Message: "no grant"}
	f.fails = map[string]error{"retry shop.orders": failed, "drop shop.orders": failed}
	for _, args := range [][]string{{"retry", "shop.orders"}, {"drop", "shop.orders", "-y"}} {
		got = call(t, f, append([]string{"quarantine"}, args...)...)
		require.Equal(t, exitFailed, got.code)
		require.Contains(t, got.stderr, "no grant")
	}
}

func TestQuarantineShowPrintsKeysAndErrors(t *testing.T) {
	f := &fakeService{states: quarantined(), quarantine: api.QuarantinePage{Entries: []api.QuarantineEntry{
		{
			KeyColumns: []api.DifferenceColumn{{Name: "shop"}, {Name: "id", Binary: true}},
			Key:        [][]byte{[]byte("north"), {1, 255}}, Error: 1406, Column: "note", Run: "run-7",
			Message: "value too long, column note", At: time.Now().Add(-2 * time.Hour), Waiting: true,
		},
	}}}
	got := call(t, f, "quarantine", "show", "shop.orders", "run-7")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Regexp(t, `shop=north, id=0x01ff +2h.* ago +waiting: value too long, column note`, got.stdout)
	require.Equal(t, []string{"show shop.orders run-7"}, f.did)
	got = call(t, f, "quarantine", "show", "shop.orders", "--output", "json")
	require.Contains(t, got.stdout, `"key":{"id":"0x01ff","shop":"north"},"error":1406,"column":"note"`)
	f.quarantine.Entries = nil
	got = call(t, f, "quarantine", "show", "shop.orders")
	require.Contains(t, got.stderr, "no row is in quarantine")
}
