package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key of another tool is unknown, and the message says what to write. What is a key here is no such word.
func TestWordsOfOtherTools(t *testing.T) {
	for word := range otherTools(settingWords) {
		for _, f := range tableFields {
			require.NotEqual(t, f.key, word)
		}
	}
	for entry, want := range map[string]string{
		"primary_key: [id]":       "leave it out where the table has a primary key; else write key: [a, b]",
		"writeDisposition: merge": "write write: upsert, append, history or replace",
		"mode: incremental":       "tablehaul run --full reads all of it",
		"update-key: updated_at":  "write cursor: the column that says what has changed",
		"replication_key: id":     "write cursor: the column that says what has changed",
		"object: dw.x":            "write target: schema.table",
		"filter: id > 5":          "write where: an SQL condition",
		"select: [a]":             "write columns: { include: [a, b] }",
		"batch_size: 5":           "write tuning: { chunkRows: … }",
		"columns: [a, b]":         "include",
		"write: merge":            "upsert",
	} {
		text := strings.Replace(`
connections: { shop: { dsn: "u@tcp(h)/", password: x }, dw: { dsn: "u@tcp(i)/" } }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: dw, where: x }
streams: {}
tables: [ { name: a.b, ENTRY } ]
`, "ENTRY", entry, 1)
		_, err := Load(strings.NewReader(text), func(string) string { return "" })
		require.ErrorContains(t, err, want, entry)
		require.ErrorContains(t, err, "connections.shop.password: unknown key (line 2); write dsn")
		require.ErrorContains(t, err, "streams: unknown key (line 5); write tables")
		require.ErrorContains(t, err, "defaults.where: unknown key (line 4); write it in an entry of tables")
	}
}
