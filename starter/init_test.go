package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

func look(name string, mutate ...func(*surveyed)) *surveyed {
	n, err := table.ParseName(name)
	if err != nil {
		panic(err)
	}
	s := &surveyed{Table: name, name: n, Key: []string{"id"}, Rows: 1200, Bytes: 2 << 20}
	for _, f := range mutate {
		f(s)
	}
	return s
}

func testDraft() *draft {
	warn := table.Finding{Level: table.LevelWarn, Text: "the source\nis a replica"}
	grant := table.Finding{Level: table.LevelRefuse, Text: "no PROCESS", Topic: table.TopicGrant}
	d := &draft{
		source: dsnReference{"shop", "SHOP_DSN"}, target: dsnReference{"warehouse", "file:/run/secrets/w"}, server: "mysql 8", staging: "/var/lib/x", targetSchema: "dw",
		tables: []*surveyed{
			look("shop.orders", func(s *surveyed) {
				s.Cursor = "updated_at"
				s.Candidates = []mysqldb.CursorCandidate{{Column: "updated_at", Type: "timestamp(6)", OnUpdate: true, Index: "by_update", Nulls: mysqldb.NullsNever}}
				s.Findings = []table.Finding{warn, grant}
			}),
			look("shop.nokey", func(s *surveyed) {
				s.Key, s.Refused = nil, true
				s.Findings = []table.Finding{warn, {Level: table.LevelRefuse, Text: "the table has no primary key", Remedy: "add one", Topic: table.TopicKey}}
			}),
			look("shop.on", func(s *surveyed) {
				s.Cursor = "off"
				s.Findings = []table.Finding{grant}
			}),
		},
	}
	for _, n := range []string{"2023", "2024_01", "2024_02"} {
		d.tables = append(d.tables, look("shop.log_"+n, func(s *surveyed) {
			s.Candidates = []mysqldb.CursorCandidate{{Column: "id", Type: "bigint", Integer: true, Index: "PRIMARY", Nulls: mysqldb.NullsNever}}
		}))
	}
	d.tables = append(d.tables, look("shop.log_bad", func(s *surveyed) {
		s.Refused = true
		s.Findings = []table.Finding{{Level: table.LevelRefuse, Column: "x", Text: "column x has the type odd"}}
	}))
	d.joinFindings()
	d.joinFamilies()
	return d
}

func TestTheDraftIsACommentedConfiguration(t *testing.T) {
	text := testDraft().yaml()
	_, body, ok := strings.Cut(text, "connections:")
	require.True(t, ok)
	require.Equal(t, ` # the secrets stay in the environment, or in files: ${file:/run/secrets/shop}
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "${file:/run/secrets/w}" }

staging: # a folder that every worker sees
  url: "file:///var/lib/x"

defaults:
  sourceConnection: shop
  targetConnection: warehouse
  schedule: 15m # when runs begin: an interval, or a cron expression such as "*/15 * * * *"; off for none
  # warning: the source is a replica
  # cannot be synced: no PROCESS

tables:
  # shop.orders: about 1,200 rows, 2.0 MiB. Key: id.
  # cursor candidate: updated_at timestamp(6); ON UPDATE; index by_update
  - name: shop.orders
    target: dw.orders
    cursor: updated_at

  # shop.nokey: about 1,200 rows, 2.0 MiB. Key: none.
  # cannot be synced: the table has no primary key → add one
  # - name: shop.nokey
  #   target: dw.nokey
  #   schedule: "0 3 * * *" # without a cursor every run reads the whole table: nightly, in UTC

  # shop.on: about 1,200 rows, 2.0 MiB. Key: id.
  - name: shop.on
    target: dw.on
    cursor: "off"

  # 3 tables alike, about 3,600 rows, 6.0 MiB: log_2023, log_2024_01, log_2024_02. Key: id.
  # cursor candidate: id bigint; finds new rows only: for tables whose rows never change; index PRIMARY
  - name: "shop.log_*" # later ones too
    exclude: [shop.log_bad]
    target: "dw.log_*"
    schedule: "0 3 * * *" # without a cursor every run reads the whole table: nightly, in UTC

  # shop.log_bad: about 1,200 rows, 2.0 MiB. Key: id.
  # cannot be synced: column x has the type odd
  # - name: shop.log_bad
  #   target: dw.log_bad
  #   schedule: "0 3 * * *" # without a cursor every run reads the whole table: nightly, in UTC
`, body)
	c, err := config.Load(strings.NewReader(text), func(string) string { return "" }, config.WithoutSecrets())
	require.NoError(t, err)
	require.Len(t, c.Tables(), 2)
	require.False(t, c.Patterns()[0].Match(table.Name{Schema: "shop", Table: "log_bad"}))
	require.Equal(t, "off", c.Tables()[1].Cursor)
	require.Equal(t, "15m", c.Tables()[0].Schedule.String())
}

func TestTablesOfSeveralSchemasGoIntoOne(t *testing.T) {
	d := testDraft()
	d.tables = append(d.tables, look("crm.orders"))
	require.Contains(t, d.yaml(), "target: dw.shop_orders\n")
	require.Contains(t, d.yaml(), "target: dw.crm_orders\n")
	require.Contains(t, d.yaml(), `target: "dw.shop_log_*"`)
}

func TestInitRefusesBeforeItConnects(t *testing.T) {
	there := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(there, []byte("mine"), 0o600))
	fresh := filepath.Join(t.TempDir(), "fresh.yaml")
	for want, args := range map[string][]string{
		"tablehaul.yaml is there and stays as it is":           {"--file", there},
		"the environment variable SOURCE_DSN is not set":       {"--file", fresh},
		"a DSN itself does not belong on a command line":       {"--file", fresh, "--source", "root:S3NT1NEL@tcp(h)/"},
		`"tmp" is not a table's name`:                          {"--file", fresh, "--exclude", "tmp"},
		"--staging is \"relative\": it is an absolute folder":  {"--file", fresh, "--staging", "relative"},
		"--file - and --output json both want standard output": {"--file", "-", "--output", "json"},
		`--target-schema: "a.b" is not a schema's name`:        {"--file", fresh, "--target-schema", "a.b"},
	} {
		got := call(t, nil, append([]string{"init"}, args...)...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
		require.NotContains(t, got.stderr, "S3NT1NEL")
	}
	text, err := os.ReadFile(there)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	require.NoFileExists(t, fresh)
}

func TestInitSaysWhyTheSourceCannotBeReached(t *testing.T) {
	a, _, stderr := testApp(t, nil, map[string]string{"SHOP_DSN": "u:S3NT1NEL@tcp(127.0.0.1:1)/"})
	fresh := filepath.Join(t.TempDir(), "fresh.yaml")
	require.Equal(t, exitFailed, a.execute(t.Context(), []string{"init", "--source", "SHOP_DSN", "--file", fresh}))
	require.Contains(t, stderr.String(), "--source (SHOP_DSN): ")
	require.Contains(t, stderr.String(), "refused")
	require.NotContains(t, stderr.String(), "S3NT1NEL")
	require.NoFileExists(t, fresh)
}

func TestConnectionsAreNamedAfterTheirVariables(t *testing.T) {
	for text, want := range map[string]string{"SHOP_DSN": "shop", "SOURCE_MYSQL_URL": "source", "DSN": "dsn", "file:/run/x": "fallback", "CRM": "crm"} {
		r, err := reference("--source", text, "fallback")
		require.NoError(t, err)
		require.Equal(t, want, r.name)
	}
}
