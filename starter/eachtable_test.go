package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// repairing is a world of three tables; another comparison works on shop.orders.
func repairing(t *testing.T) *fakeService {
	t.Helper()
	equal := func(name string) api.VerifyTableResult { return api.VerifyTableResult{Table: name} }
	return &fakeService{
		listed: listing(t, testConfig, "shop.log_1"),
		deny: map[string]error{"verify shop.orders": &remote.BusyError{
			Table: "shop.orders", Holder: remote.Execution{WorkflowID: "tablehaul/verify/shop.orders", RunID: "other"},
		}},
		receipts: map[string]api.VerifyTableResult{
			"shop.countries digest": equal("shop.countries"), "shop.log_1 digest": equal("shop.log_1"),
		},
	}
}

// A table on which another workflow works keeps no other one from being repaired. It is named at its place.
func TestABusyTableKeepsNoOtherFromBeingRepaired(t *testing.T) {
	got := call(t, repairing(t), "verify", "--all", "--repair")
	require.Equal(t, exitBusy, got.code)
	require.Contains(t, got.stdout, "shop.countries: equal\n")
	require.Contains(t, got.stdout, "shop.log_1: equal\n")
	require.Contains(t, got.stderr, "shop.orders failed: TableBusy\n"+
		"  what:   shop.orders is already being synced by workflow tablehaul/verify/shop.orders, run other\n")
	require.Contains(t, got.stderr, "  remedy: give the command for this table again when that workflow has ended\n")

	got = call(t, repairing(t), "verify", "--all", "--repair", "--output", "json")
	require.Equal(t, exitBusy, got.code)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	require.Len(t, lines, 3)
	var first compared
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, "shop.orders", first.Table)
	require.Equal(t, failure.TableBusy, first.Failure.Type)
	require.Nil(t, first.Receipt)
}

// A failure is graver than a busy table, and a busy table than a difference. Without Temporal no table can be done.
func TestTheGravestAnswerIsTheExitCode(t *testing.T) {
	f := repairing(t)
	f.receipts["shop.log_1 digest"] = api.VerifyTableResult{Table: "shop.log_1", Differs: true}
	require.Equal(t, exitBusy, call(t, f, "verify", "--all", "--repair").code)
	require.Equal(t, exitDiffers, call(t, f, "verify", "shop.l*", "--repair").code)

	f.fails = map[string]error{"shop.countries digest": &remote.FailedError{Type: failure.LockWait, Message: "locked"}}
	got := call(t, f, "verify", "--all", "--repair")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stdout, "shop.log_1: differs\n")
	require.Contains(t, got.stderr, "shop.orders failed: TableBusy\n")
	require.Contains(t, got.stderr, "shop.countries failed: LockWait\n")

	f.deny["verify shop.orders"] = errors.New("shop.orders: ask Temporal: no")
	got = call(t, f, "verify", "--all", "--repair")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stdout, "shop.log_1: differs\n")
	require.Contains(t, got.stderr, "ask Temporal: no")

	f.deny["verify shop.orders"] = &remote.UnreachableError{Address: "h:1", Cause: errors.New("refused")}
	got = call(t, f, "verify", "--all", "--repair")
	require.Equal(t, exitUnreachable, got.code)
}

// A command that does one table after the other goes on after an error of one of them.
func TestAnErrorOfOneTableKeepsNoOtherFromBeingDone(t *testing.T) {
	no := errors.New("ask Temporal: no")
	for args, c := range map[string]struct {
		deny string
		did  int // the one with the error included
	}{
		"pause --all":            {"pause tablehaul-shop.log_1: paused by hand", 3},
		"resume --all":           {"resume tablehaul-shop.countries: resumed by hand", 3},
		"schedule trigger --all": {"trigger tablehaul-shop.countries", 3},
		"warnings ack --all":     {"ack shop.countries", 3},
		"cancel --all --no-wait": {"cancel tablehaul/sync/shop.countries", 3},
	} {
		t.Run(args, func(t *testing.T) {
			denied := func(err error) (invocation, []string) {
				f := scheduledWorld(t)
				for name, s := range f.states {
					s.Warnings = []owner.Warning{{Text: "no index"}}
					f.states[name] = s
				}
				f.deny = map[string]error{c.deny: err}
				return callConfig(t.Context(), t, f, scheduledTables, strings.Fields(args)...), f.did
			}
			got, did := denied(no)
			require.Equal(t, exitFailed, got.code, got.stderr)
			require.Len(t, did, c.did)
			require.Equal(t, 1, strings.Count(got.stderr, no.Error()))

			got, did = denied(&remote.UnreachableError{Address: "h:1", Cause: no})
			require.Equal(t, exitUnreachable, got.code, got.stderr)
			require.Equal(t, c.deny, did[len(did)-1])
		})
	}

	f := scheduledWorld(t)
	f.fails = map[string]error{"shop.orders": &remote.FailedError{Type: failure.TableBusy, Message: "wait for it"}}
	got := callConfig(t.Context(), t, f, scheduledTables, "watermark", "set", "shop.orders", "shop.countries", "--none")
	require.Equal(t, exitBusy, got.code)
	require.Contains(t, got.stdout, "shop.countries: the watermark is none\n")
	require.Contains(t, got.stderr, "shop.orders: TableBusy: wait for it\n")
}
