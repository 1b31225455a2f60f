package app

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// How long kept files stay is what the table says of each kind, or defaults do.
func TestKeptFilesStayAsTheTableSays(t *testing.T) {
	const text = `
connections:
  shop: { dsn: "r:x@tcp(127.0.0.1:3306)/" }
staging: { url: "file:///tmp/x", keep: 24h }
defaults:
  sourceConnection: shop
  targetConnection: shop
  verify: { keep: 36h }
  undo: { keep: 48h }
  quarantine: { keep: 72h }
tables:
  - { name: a.one, target: b.one }
  - { name: a.two, target: b.two, undo: { keep: 1h }, verify: { every: 24h } }
  - { name: a.off, target: b.off, undo: off }
`
	cfg, err := config.Load(strings.NewReader(text), func(string) string { return "" })
	require.NoError(t, err)
	for name, undo := range map[string]time.Duration{"one": 48 * time.Hour, "two": time.Hour, "off": 48 * time.Hour} {
		want := map[staging.Kind]time.Duration{
			staging.KeptVerify: 36 * time.Hour, staging.KeptUndo: undo, staging.KeptQuarantine: 72 * time.Hour,
			staging.KeptStaged: 24 * time.Hour,
		}
		for _, table := range cfg.Tables() {
			if table.Name.Table != name {
				continue
			}
			s, err := settings(cfg, table.Name)
			require.NoError(t, err)
			require.Equal(t, want, s.Keep, name)
			require.Equal(t, name == "off", s.UndoOff, name)
		}
	}
	require.Len(t, staging.KeptKinds(), 4, "each kind has a key")
}

// An added column in key is part of the target's key alone: rows are read by the others.
func TestAnAddedColumnInTheKeyIsOfTheTarget(t *testing.T) {
	cfg, err := config.Load(strings.NewReader(`
connections: { shop: { dsn: "u:p@tcp(h:1)/" }, dw: { dsn: "u:p@tcp(h:2)/" } }
staging: { url: "file:///tmp/s" }
defaults: { sourceConnection: shop, targetConnection: dw }
tables:
  - { name: eu.t, target: dw.t, key: [shard, id], columns: { add: { shard: "'eu'" }, rename: { id: number } } }
  - { name: us.t, target: dw.t, key: [shard, id], columns: { add: { shard: "'us'" } } }
  - { name: eu.u, key: [id], columns: { add: { shard: "'eu'" } } }
`), func(string) string { return "" })
	require.NoError(t, err)
	s, err := settings(cfg, table.Name{Schema: "eu", Table: "t"})
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, s.Key)
	require.Equal(t, []string{"shard", "number"}, s.Mapping.TargetKey())
	require.Equal(t, []string{"shard"}, s.Mapping.AddedKey())
	s, err = settings(cfg, table.Name{Schema: "eu", Table: "u"})
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, s.Key)
	require.Empty(t, s.Mapping.TargetKey())
}

// A delimiter that the configuration names is that of tsv files, too. Without one, each format has its own.
func TestADelimiterIsThatOfTheConfiguration(t *testing.T) {
	for csv, want := range map[string]string{`csv: { delimiter: "," }`: ",", "csv: { nulls: [x] }": ""} {
		cfg, err := config.Load(strings.NewReader(`
connections: { dw: { dsn: "u:p@tcp(h:2)/" } }
staging: { url: "file:///tmp/s" }
defaults: { targetConnection: dw }
tables:
  - { name: a.t, target: dw.t, files: { url: "file:///a", match: ["*.tsv"], complete: "settled:1m", `+csv+` } }
`), func(string) string { return "" })
		require.NoError(t, err)
		s, err := settings(cfg, table.Name{Schema: "a", Table: "t"})
		require.NoError(t, err)
		require.Equal(t, want, s.Files.Text.Delimiter)
	}
}
