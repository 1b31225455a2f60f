package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

const diffed = `
connections:
  shop: { dsn: "u:S3NT1NEL@tcp(h:3306)/" }
  dw: { dsn: "w:x@tcp(h:3306)/" }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: dw }
tables:
  - { name: shop.orders, target: dw.orders, cursor: updated_at }
  - { name: "shop.log_*", cursor: id }
`

func TestChangesNameKeysAndNoValues(t *testing.T) {
	load := func(text string) *config.Config {
		c, err := config.Load(strings.NewReader(text), func(string) string { return "" })
		require.NoError(t, err)
		return c
	}
	from := load(diffed)
	require.Empty(t, config.Changes(from, load(diffed)))
	for change, want := range map[string]string{
		"cursor: updated_at=>cursor: created_at, minLag: 5s": "table shop.orders: cursor, minLag",
		"S3NT1NEL=>other":                                 "connection shop: dsn",
		"dw.orders=>dw.orders2":                           "table shop.orders: target",
		"cursor: id=>cursor: id, exclude: [shop.log_old]": "table shop.log_*: exclude",
		"shop.orders, target=>shop.order, target": "table shop.order: added; " +
			"table shop.orders: removed",
		"targetConnection: dw }=>targetConnection: dw, minLag: 7s }": "table shop.log_*: minLag; " +
			"table shop.orders: minLag",
		"file:///tmp/x=>file:///tmp/y":                                     "staging: url",
		"staging: =>notifications: { webhook: \"http://h/x\" }\nstaging: ": "notifications: webhook",
	} {
		before, after, _ := strings.Cut(change, "=>")
		all := config.Changes(from, load(strings.Replace(diffed, before, after, 1)))
		var texts []string
		for _, c := range all {
			texts = append(texts, c.String())
		}
		require.Equal(t, want, strings.Join(texts, "; "))
		require.Equal(t, strings.HasPrefix(want, "staging"), len(config.NeedsRestart(all)) > 0)
	}
}
