package survey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

func look(name string, mutate ...func(*Table)) *Table {
	n, err := table.ParseName(name)
	if err != nil {
		panic(err)
	}
	s := &Table{Table: name, name: n, Key: []string{"id"}, Rows: 1200, Bytes: 2 << 20}
	for _, f := range mutate {
		f(s)
	}
	return s
}

var testSetup = Setup{
	Source: Connection{"shop", "${SHOP_DSN}"}, Target: Connection{"warehouse", "${file:/run/secrets/w}"},
	Staging: "/var/lib/x", TargetSchema: "dw",
}

func testResult() *Result {
	warn := table.Finding{Level: table.LevelWarn, Text: "the source\nis a replica"}
	grant := table.Finding{Level: table.LevelRefuse, Text: "no PROCESS", Topic: table.TopicGrant}
	d := &Result{
		Server: "mysql 8",
		Tables: []*Table{
			look("shop.orders", func(s *Table) {
				s.Cursor = "updated_at"
				s.Candidates = []source.CursorCandidate{{
					Column: "updated_at", Type: "timestamp(6)", OnUpdate: true,
					Index: "by_update", Nulls: source.NullsNever,
				}}
				s.Findings = []table.Finding{warn, grant}
			}),
			look("shop.nokey", func(s *Table) {
				s.Key, s.Refused = nil, true
				s.Findings = []table.Finding{warn, {
					Level: table.LevelRefuse, Text: "the table has no primary key",
					Remedy: "add one", Topic: table.TopicKey,
				}}
			}),
			look("shop.on", func(s *Table) {
				s.Cursor = "off"
				s.Findings = []table.Finding{grant}
			}),
		},
	}
	for _, n := range []string{"2023", "2024_01", "2024_02"} {
		d.Tables = append(d.Tables, look("shop.log_"+n, func(s *Table) {
			s.Candidates = []source.CursorCandidate{{
				Column: "id", Type: "bigint", Integer: true, Index: "PRIMARY",
				Nulls: source.NullsNever,
			}}
		}))
	}
	d.Tables = append(d.Tables, look("shop.log_bad", func(s *Table) {
		s.Refused = true
		s.Findings = []table.Finding{{Level: table.LevelRefuse, Column: "x", Text: "column x has the type odd"}}
	}))
	d.joinFindings()
	d.joinFamilies()
	return d
}

func TestYAMLIsACommentedConfiguration(t *testing.T) {
	text := testResult().YAML(testSetup)
	_, body, ok := strings.Cut(text, "connections:")
	require.True(t, ok)
	require.Equal(t, ` # secrets stay in the environment, or in files: ${file:/run/secrets/shop}
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

  # 3 tables of the same form, about 3,600 rows, 6.0 MiB: log_2023, log_2024_01 and log_2024_02. Key: id.
  # cursor candidate: id bigint; finds new rows only: for tables whose rows never change; index PRIMARY
  - name: "shop.log_*" # includes tables that are created later
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
	d := testResult()
	d.Tables = append(d.Tables, look("crm.orders"))
	require.Contains(t, d.YAML(testSetup), "target: dw.shop_orders\n")
	require.Contains(t, d.YAML(testSetup), "target: dw.crm_orders\n")
	require.Contains(t, d.YAML(testSetup), `target: "dw.shop_log_*"`)
}

// A table whose name needs quoting goes into the target's schema as every other.
func TestATableWithAnOddNameGoesIntoTheTargetSchema(t *testing.T) {
	d := testResult()
	d.Tables = []*Table{look("shop.`we ird.näme`")}
	require.Contains(t, d.YAML(testSetup), "target: \"dw.`we ird.näme`\"\n")
	d.Tables = append(d.Tables, look("crm.orders"))
	require.Contains(t, d.YAML(testSetup), "target: \"dw.`shop_we ird.näme`\"\n")
}

// Moments as an integer are offered with their unit, and with what they need of the application.
func TestAnIntegerThatCountsSince1970IsOffered(t *testing.T) {
	require.Equal(t, "updated_ms bigint; by its largest values milliseconds since 1970: only if the application sets "+
		"it with every change; cursorUnit: ms says so; index by_ms", candidateText(source.CursorCandidate{
		Column: "updated_ms", Type: "bigint", Integer: true, Unit: source.UnitMillis, Index: "by_ms",
		Nulls: source.NullsNever,
	}))
}
