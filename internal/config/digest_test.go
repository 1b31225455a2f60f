package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestDigestChangesWithTheSettings(t *testing.T) {
	const text = `
connections: { a: { dsn: "${SECRET}" }, b: { dsn: "u@tcp(h)/" } }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: a, targetConnection: b }
tables: [{ name: shop.orders, cursor: id }]
`
	digest := func(text string, opts ...Option) string {
		c, err := Load(strings.NewReader(text), func(string) string { return "u@tcp(h)/" }, opts...)
		require.NoError(t, err)
		got, err := c.Digest(table.Name{Schema: "shop", Table: "orders"})
		require.NoError(t, err)
		return got
	}
	was := digest(text)
	require.Len(t, was, digestLength)
	require.Equal(t, was, digest(text, WithoutSecrets()), "the command line does not read secrets")
	require.NotEqual(t, was, digest(strings.Replace(text, "cursor: id", "cursor: id, schedule: 5m", 1)),
		"a worker says when the table is stale, which follows the schedule")
	fixed := strings.Replace(text, "cursor: id", "cursor: id, staleAfter: 2h", 1)
	require.Equal(t, digest(fixed), digest(strings.Replace(fixed, "cursor: id", "cursor: id, schedule: 5m", 1)),
		"a worker does not use it")
	require.NotEqual(t, was, digest(strings.Replace(text, "cursor: id", "cursor: seq", 1)))
	require.NotEqual(t, was, digest(strings.Replace(text, "/x\"", "/x\", compression: zstd", 1)))
}
