package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/notify"
)

const secret = "Bearer sentinel-secret"

func fields() notify.Fields {
	freshAt := time.Date(2026, 11, 25, 21, 0, 0, 0, time.UTC)
	return notify.Fields{
		ID: "1", Event: "failed", Table: "shop.orders", Time: freshAt.Add(125 * time.Second), FailedRuns: 1,
		FreshAt: &freshAt, LagSeconds: 125,
		Failure:    &notify.Failure{Type: "RowRejected", Message: "column <n> & so on"},
		WorkflowID: "tablehaul/sync/shop.orders", RunID: "r",
	}
}

func TestAMessageIsForPeopleAndPrograms(t *testing.T) {
	var got *http.Request
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got, body = r, string(text)
	}))
	defer s.Close()
	require.NoError(t, notify.NewWebhook(s.URL+"/x", "X-Token", secret).Send(t.Context(),
		notify.New("failed", fields())))
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, secret, got.Header.Get("X-Token"))
	require.Equal(t, "application/json; charset=utf-8", got.Header.Get("Content-Type"))
	require.JSONEq(t, `{
		"text": "Tablehaul: shop.orders failed: RowRejected: column &lt;n&gt; &amp; so on. The target is 2m5s behind (as of 2026-11-25 21:00:00Z). Workflow tablehaul/sync/shop.orders. What to do: tablehaul explain shop.orders",
		"tablehaul": {"version": 1, "id": "1", "event": "failed", "table": "shop.orders", "time": "2026-11-25T21:02:05Z", "failedRuns": 1,
			"failure": {"type": "RowRejected", "message": "column <n> & so on"},
			"freshAt": "2026-11-25T21:00:00Z", "lagSeconds": 125, "workflowId": "tablehaul/sync/shop.orders", "runId": "r"}
	}`, body)

	require.NoError(t, notify.NewWebhook(s.URL, "Authorization", "").Send(t.Context(),
		notify.New("has recovered", notify.Fields{Table: "a.b"})))
	require.NotContains(t, got.Header, "Authorization")
	require.Contains(t, body, `"text":"Tablehaul: a.b has recovered."`)
	require.NotContains(t, body, "freshAt")
}

func TestLongFailuresAreCut(t *testing.T) {
	f := fields()
	f.Failure.Message = strings.Repeat("ä", 5000)
	m := notify.New("failed", f)
	require.Less(t, len(m.Text), 2300)
	text, err := json.Marshal(m)
	require.NoError(t, err)
	require.NotContains(t, string(text), "\ufffd")
}

func TestLagIsSaidInWords(t *testing.T) {
	for seconds, want := range map[float64]string{0.4: "400ms", 45.2: "45s", 300: "5m", 3600: "1h", 93900: "26h5m"} {
		f := fields()
		f.LagSeconds = seconds
		require.Contains(t, notify.New("is stale", f).Text, " is "+want+" behind", seconds)
	}
}

// In each failure, neither the URL nor the secret nor the answer is in the error.
func TestErrorsHoldNoSecret(t *testing.T) {
	var followed bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/redirect"):
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case strings.HasSuffix(r.URL.Path, "/hang"):
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
			<-r.Context().Done()
		default:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "sentinel: "+r.Header.Get("Authorization"))
		}
	}))
	gone := httptest.NewServer(nil)
	gone.Close()
	for url, want := range map[string]string{
		s.URL + "/sentinel":          "the webhook answered 403 Forbidden",
		s.URL + "/sentinel/redirect": "the webhook answered 307 Temporary Redirect",
		s.URL + "/sentinel/hang":     "post to the webhook: context deadline exceeded",
		gone.URL + "/sentinel":       "connection refused",
		"http://[sentinel":           "notifications.webhook is not the URL of a webhook",
	} {
		limit := time.Minute
		if strings.HasSuffix(url, "/hang") {
			limit = 200 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := notify.NewWebhook(url, "Authorization", secret).Send(ctx, notify.New("failed", fields()))
		cancel()
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "sentinel", want)
	}
	require.False(t, followed, "the secret went to another server")
	s.CloseClientConnections()
	s.Close()
}

func TestNoWebhookTellsNobody(t *testing.T) {
	require.Nil(t, notify.NewWebhook("", "Authorization", secret))
	var none *notify.Webhook
	require.NoError(t, none.Send(t.Context(), notify.Message{}))
}

// A message says what to type next; one that all is well again does not.
func TestAMessageSaysWhatToDo(t *testing.T) {
	for event, want := range map[string]string{
		"failed": " What to do: tablehaul explain 'shop.my orders'", "stale": " explain 'shop.my orders'",
		"differs": " What differs: tablehaul verify show 'shop.my orders'",
	} {
		require.Contains(t, notify.New("x", notify.Fields{Event: event, Table: "shop.my orders"}).Text, want)
	}
	for _, event := range []string{"recovered", "equal"} {
		require.Equal(t, "Tablehaul: a.b x.", notify.New("x", notify.Fields{Event: event, Table: "a.b"}).Text)
	}
}
