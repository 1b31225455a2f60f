package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/owner"
)

func TestDigestSumsUpAllTables(t *testing.T) {
	f := scheduledWorld(t)
	f.states["shop.orders"] = fresh("shop.orders", 3*time.Hour)
	s := fresh("shop.log_1", time.Minute)
	s.LastRuns = append(s.LastRuns, owner.RunRecord{
		Mode: "incremental", Outcome: owner.OutcomeFailed, Failure: "RowRejected: <no>", Finished: time.Now(),
		Seconds: 90, WorkflowID: "w", RunID: "r",
	})
	s.Quarantine = &api.Quarantine{Open: 2}
	f.states["shop.log_1"] = s
	delete(f.states, "shop.countries")

	var got notify.DigestMessage
	var auth string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &got)
		}
		auth = r.Header.Get("Authorization")
		if err != nil {
			t.Errorf("read the message: %v", err)
		}
	}))
	defer hook.Close()
	file := scheduledTables + `notifications: { webhook: "${HOOK}", secret: "${TOKEN}" }` + "\n"
	a, stdout, stderr := testApp(t, f, map[string]string{
		"TABLEHAUL_CONFIG": configFile(t, file), "HOOK": hook.URL, "TOKEN": "Bearer x",
	})
	require.Equal(t, exitOK, a.execute(t.Context(), []string{"digest", "--send"}), stderr.String())
	require.Equal(t, "Bearer x", auth)
	require.Equal(t, "digest", got.Digest.Event)
	require.Equal(t, []int{3, 1, 3}, []int{got.Digest.Tables, got.Digest.Fresh, got.Digest.Runs})
	require.Equal(t, int64(10), got.Digest.Rows)
	require.Equal(t, "shop.log_1", got.Digest.Slowest[0].Table)
	for _, want := range []string{
		"Tablehaul: 1 of 3 tables fresh.\n", "Stale: 1 table\n  shop.orders is stale: 3h behind the source",
		"Failed: 1 table\n  shop.log_1 failed: RowRejected: <no>", "Never loaded: 1 table\n  shop.countries has never",
		"Rows in quarantine: 1 table\n  shop.log_1 has 2 rows in quarantine", "3 runs, 10 rows read.\n",
		"Slowest:\n  shop.log_1 took 1m30s for 0 rows",
	} {
		require.Contains(t, stdout.String(), want)
	}
	require.Contains(t, got.Text, "RowRejected: &lt;no&gt;")

	hook.Close()
	stderr.Reset()
	require.Equal(t, exitFailed, a.execute(t.Context(), []string{"digest", "--send"}))
	require.Contains(t, stderr.String(), "the digest was not sent: post to the webhook")
	require.NotContains(t, stderr.String(), strings.TrimPrefix(hook.URL, "http://")+"/")
}

func TestDigestWithoutAWorkerOrAWebhook(t *testing.T) {
	f := scheduledWorld(t)
	f.idle = true
	got := callConfig(t.Context(), t, f, scheduledTables, "digest")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "No worker runs: nothing is synced")
	got = callConfig(t.Context(), t, f, scheduledTables, "digest", "--send")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "--send needs notifications.webhook in the configuration")
}
