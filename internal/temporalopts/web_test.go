package temporalopts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

func TestLinksIntoTheWebUI(t *testing.T) {
	const list = "?query=WorkflowType+%3D+%27SyncTable%27"
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "http://127.0.0.1:8233/namespaces/default/workflows"},
		{map[string]string{"TEMPORAL_ADDRESS": "localhost:9000"}, "http://localhost:10000/namespaces/default/workflows"},
		{map[string]string{"TEMPORAL_ADDRESS": "[::1]:7233"}, "http://[::1]:8233/namespaces/default/workflows"},
		{
			map[string]string{"TEMPORAL_ADDRESS": "shop.a1b2.tmprl.cloud:7233", "TEMPORAL_NAMESPACE": "shop.a1b2"},
			"https://cloud.temporal.io/namespaces/shop.a1b2/workflows",
		},
		{map[string]string{"TEMPORAL_ADDRESS": "temporal.example.com:7233"}, ""},
		{
			map[string]string{
				"TEMPORAL_ADDRESS": "temporal.example.com:7233", "TABLEHAUL_WEB_URL": "https://ui.example.com/",
			},
			"https://ui.example.com/namespaces/default/workflows",
		},
	} {
		w := temporalopts.WebFromEnv(func(name string) string { return c.env[name] })
		if c.want == "" {
			require.Empty(t, w.List())
			require.Empty(t, w.Run("tablehaul/sync/shop.orders", "r"))
			continue
		}
		require.Equal(t, c.want+list, w.List())
		require.Equal(t, c.want+"/tablehaul%2Fsync%2Fshop.orders/r-1/history",
			w.Run("tablehaul/sync/shop.orders", "r-1"))
		require.Equal(t, c.want+"/tablehaul%2Fsync%2Fshop.orders", w.Run("tablehaul/sync/shop.orders", ""))
	}
}
