package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// A list of differences is printed page by page. Text that reads badly is in quotes, bytes are hexadecimal.
func TestVerifyShowPrintsKeysOfEveryKind(t *testing.T) {
	columns := []api.DifferenceColumn{{Name: "code"}, {Name: "id", Binary: true}}
	one := func(code, id, verdict string) api.Difference {
		return api.Difference{Key: [][]byte{[]byte(code), []byte(id)}, Verdict: verdict, SourceCursor: "2026-01-01"}
	}
	f := &fakeService{
		receipts: map[string]api.VerifyTableResult{
			"shop.orders ": {Table: "shop.orders", Run: "run-7", Queue: "queue@here"},
		},
		pages: []api.DifferencePage{
			{Columns: columns, Differences: []api.Difference{
				one("größe", "\x00\xff", "missing"), one(" a\n", "1", "stale"), one("", "", "silent"),
			}},
			{Columns: columns, Differences: []api.Difference{one(`say "x"`, "2", "newer")}},
		},
	}
	got := call(t, f, "verify", "show", "shop.orders", "--limit", "0")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, part := range []string{
		"code", "At the source", "größe", "0x00ff", `" a\n"`, "0x31", `""`, `"say \"x\""`, "missing", "2026-01-01",
	} {
		require.Contains(t, got.stdout, part)
	}
	require.Equal(t, []api.ShowDifferencesInput{
		{Table: "shop.orders", Run: "run-7", Queue: "queue@here", Limit: shownAtOnce},
		{Table: "shop.orders", Run: "run-1", Queue: "queue@here", Limit: shownAtOnce, After: 1},
	}, f.shown)

	f.shown = nil
	got = call(t, f, "verify", "show", "shop.orders", "--verdict", "missing", "--limit", "3", "--output", "json")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, `"key":{"code":"größe","id":"0x00ff"},"verdict":"missing"`)
	require.Contains(t, got.stderr, "there are more")
	require.Equal(t, "missing", f.shown[0].Verdict)
	require.Equal(t, 3, f.shown[0].Limit)

	got = call(t, f, "verify", "show", "shop.orders", "run-8")
	require.Equal(t, "run-8", f.shown[len(f.shown)-2].Run, "Temporal may have forgotten it, staging has not")
	require.Equal(t, exitOK, got.code, got.stderr)
}

func TestVerifyShowSaysWhatIsWrong(t *testing.T) {
	f := &fakeService{fails: map[string]error{
		"shop.orders": &remote.FailedError{
			Type: "InvalidInput", Message: "staging has no comparison", Remedy: "compare",
		},
	}}
	got := call(t, f, "verify", "show", "shop.orders")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "staging has no comparison; compare")
	for _, args := range [][]string{
		{"--verdict", "pending"}, {"--limit", "-1"}, {"--verdict", "lost"},
	} {
		require.Equal(t, exitUsage, call(t, f, append([]string{"verify", "show", "shop.orders"}, args...)...).code)
	}
	require.Equal(t, exitUsage, call(t, f, "verify", "show").code)
	f.fails = nil
	got = call(t, f, "verify", "show", "shop.orders")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "found no such difference")
}
