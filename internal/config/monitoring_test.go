package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

const oneMore = small + "  - { name: shop.orders }\n"

func TestMonitoringHasDefaultsThatOpenAndTellNothing(t *testing.T) {
	c := load(t, oneMore, shopEnv)
	require.Equal(t, config.Metrics{}, c.Metrics)
	require.Equal(t, config.Log{Format: "text", Level: "info"}, c.Log)
	require.Equal(t, config.Notifications{Header: "Authorization"}, c.Notifications)
}

func TestMonitoringIsTakenFromTheFile(t *testing.T) {
	env := func(n string) string {
		return map[string]string{
			"HOOK": "https://hooks.example.com/T0/" + sentinel, "TOKEN": "Bearer " + sentinel,
			"SHOP_DSN": "u@tcp(h)/",
		}[n]
	}
	c := load(t, oneMore+`
metrics: { listen: "127.0.0.1:9464" }
log: { format: json, level: warn }
notifications: { webhook: "${HOOK}", header: X-Token, secret: "${TOKEN}" }
`, env)
	require.Equal(t, "127.0.0.1:9464", c.Metrics.Listen)
	require.Equal(t, config.Log{Format: "json", Level: "warn"}, c.Log)
	require.Equal(t, "https://hooks.example.com/T0/"+sentinel, c.Notifications.Webhook.Reveal())
	require.Equal(t, "X-Token", c.Notifications.Header)
	require.Equal(t, "Bearer "+sentinel, c.Notifications.Secret.Reveal())

	text, err := json.Marshal(c)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s", c.Notifications, *c, c.Notifications,
		c.Notifications.Webhook), string(text), fmt.Sprintf("%#v", *c)} {
		require.NotContains(t, shown, sentinel)
	}
}

func TestWrongMonitoringIsNamedByItsKey(t *testing.T) {
	env := func(n string) string { return map[string]string{"HOOK": sentinel, "SHOP_DSN": "u@tcp(h)/"}[n] }
	for text, want := range map[string]string{
		`metrics: { listen: "9464" }`:                                            "metrics.listen",
		`metrics: { listen: "127.0.0.1:99999" }`:                                 "metrics.listen",
		`metrics: { port: 9464 }`:                                                "metrics.port",
		`log: { format: xml }`:                                                   "log.format",
		`log: { level: loud }`:                                                   "log.level",
		`notifications: { webhook: "${HOOK}" }`:                                  "notifications.webhook",
		`notifications: { secret: x }`:                                           "notifications.webhook",
		`notifications: { webhook: "https://h/", header: "A B" }`:                "notifications.header",
		`notifications: { webhook: "https://h/", header: host }`:                 "notifications.header",
		"notifications: { webhook: \"https://h/\", secret: \"" + `a\nb` + "\" }": "notifications.secret",
	} {
		_, err := config.Load(strings.NewReader(oneMore+text+"\n"), env)
		var problems *config.Problems
		require.True(t, errors.As(err, &problems), text)
		require.Len(t, problems.List, 1, text)
		require.Equal(t, want, problems.List[0].Path, text)
		require.NotContains(t, err.Error(), sentinel, text)
	}
}
