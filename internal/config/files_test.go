package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

// lake is a configuration of one table of files; ENTRY is its entry, less the name and the target.
const lake = `
connections: { dw: { dsn: "u@tcp(127.0.0.1:1)/" }, shop: { dsn: "u@tcp(127.0.0.1:2)/" } }
staging: { url: "file:///var/lib/tablehaul" }
defaults: { sourceConnection: shop, targetConnection: dw }
tables:
  - { name: lake.orders, target: dw.orders, ENTRY }
`

func loadLake(t *testing.T, entry string) (*config.Config, []string) {
	t.Helper()
	text := strings.Replace(lake, "ENTRY", entry, 1)
	c, err := config.Load(strings.NewReader(text), func(string) string { return "" })
	var problems *config.Problems
	if !errors.As(err, &problems) {
		require.NoError(t, err)
		return c, nil
	}
	var out []string
	for _, p := range problems.List {
		out = append(out, p.Path+": "+p.Text+": "+p.Remedy)
	}
	return nil, out
}

func TestATableOfFiles(t *testing.T) {
	c, problems := loadLake(t, `cursor: at, columns: { include: [id, at] }, files: { url: "s3://lake/p?region=eu-west-1", `+
		`match: ["a/*.csv", "**/b.csv"], complete: "settled:10m", csv: { header: false, delimiter: ";", nulls: [""] }, `+
		`after: "move:done", create: { id: bigint, at: "datetime(6)" } }`)
	require.Empty(t, problems)
	table := c.Tables()[0]
	require.Empty(t, table.SourceConnection, "that of the defaults is for other tables")
	require.Equal(t, &config.Files{
		URL: "s3://lake/p?region=eu-west-1", Layout: "plain", Match: []string{"a/*.csv", "**/b.csv"},
		Complete: "settled:10m", Format: "auto", Compression: "auto", MaxRow: 32 << 20, After: "move:done",
		CSV:    config.CSV{Delimiter: ";", Nulls: []string{""}},
		Create: []config.ColumnSetting{{Column: "id", Value: "bigint"}, {Column: "at", Value: "datetime(6)"}},
	}, table.Files)
	_, problems = loadLake(t, `files: { url: "file:///lake", layout: dlt, table: orders }`)
	require.Empty(t, problems)
}

func TestWhatIsWrongWithATableOfFiles(t *testing.T) {
	const good = `url: "file:///lake", match: ["*.csv"], complete: "settled:1m"`
	for entry, want := range map[string]string{
		`files: { match: ["*.csv"], complete: "settled:1m" }`:                                    "files.url: is missing",
		`files: { url: "ftp://x/y", match: ["*.csv"], complete: "settled:1m" }`:                  "ftp:// is not a store",
		`files: { url: "file:///lake", complete: "settled:1m" }`:                                 "files.match: is missing",
		`files: { url: "file:///lake", match: ["*.csv"] }`:                                       "files.complete: is missing",
		`files: { url: "file:///lake", match: ["/x"], complete: "settled:1m" }`:                  "is no pattern",
		`files: { url: "file:///lake", match: ["x"], complete: "settled:soon" }`:                 "has no duration",
		`files: { url: "file:///lake", match: ["x"], complete: "dlt" }`:                          "does not go with layout: plain",
		`files: { url: "file:///lake", layout: dlt }`:                                            "files.table: is missing",
		`files: { url: "file:///lake", layout: dlt, table: t, match: ["x"] }`:                    "layout: dlt knows its own files",
		`files: { ` + good + `, after: burn }`:                                                   "write keep, delete, or move:done",
		`files: { ` + good + `, csv: { delimiter: ab } }`:                                        "is not one ASCII character",
		`files: { ` + good + `, csv: { header: false } }`:                                        "columns.include: is missing",
		`files: { ` + good + `, zone: Berlin }`:                                                  "is not allowed",
		`files: { ` + good + ` }, sourceConnection: shop`:                                        "has no source connection: leave it out",
		`files: { ` + good + ` }, where: "a = 1"`:                                                "has no source that could be asked",
		`files: { ` + good + ` }, write: replace`:                                                "use upsert or append",
		`files: { ` + good + ` }, write: history`:                                                "needs a source server",
		`files: { ` + good + ` }, deletes: { mode: hard }`:                                       "files cannot be asked",
		`files: { url: "file:///lake", layout: dlt, table: t }, deletes: { mode: report }`:       "use mode: hard, soft, or off",
		`files: { ` + good + ` }, verify: { every: 24h, depth: sample }`:                         "files are compared as a whole",
		`files: { ` + good + ` }, undo: { keep: 24h }`:                                           "nothing could be undone",
		`files: { ` + good + `, dedup_sort: at }`:                                                "is in its schema",
		`files: { ` + good + `, replace: true }`:                                                 "rows that a load lacks stay",
		`files: { ` + good + `, deletes: hard }`:                                                 "write deletes: { mode: hard } beside files",
		`files: { url: "file:///lake", layout: mysqlshell, table: a.b, csv: { header: false } }`: "knows it from the dump",
		`files: { url: "file:///lake", layout: mysqlshell, table: a.b, format: csv }`:            "has tsv files",
		`files: { ` + good + ` }, columns: { exclude: [a] }`:                                     "keep include alone",
		`files: here`: "must be a mapping",
	} {
		_, problems := loadLake(t, entry)
		require.NotEmpty(t, problems, entry)
		require.Contains(t, strings.Join(problems, "\n"), want, entry)
		if want == "has no duration" {
			require.Len(t, problems, 1, "what is wrong is not missing as well")
		}
	}
}

// A comparison that defaults have is for tables of files, too, in a depth that they can have.
func TestWhatATableOfFilesInherits(t *testing.T) {
	text := strings.Replace(lake, "targetConnection: dw }",
		"targetConnection: dw, verify: { every: 24h, depth: sample } }", 1)
	text = strings.Replace(text, "ENTRY", `files: { url: "file:///lake", layout: dlt, table: orders }`, 1)
	c, err := config.Load(strings.NewReader(text), func(string) string { return "" })
	require.NoError(t, err)
	require.False(t, c.Tables()[0].Verify.Every.None())
	require.Equal(t, "digest", c.Tables()[0].Verify.Depth)
}
