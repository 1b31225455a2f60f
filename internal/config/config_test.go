package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

// sentinel stands for a secret: it must not appear in any message.
const sentinel = "S3NT1NEL"

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

var shopEnv = env(
	"SHOP_DSN", "reader:"+sentinel+"@tcp(10.0.0.1:3306)/",
	"WAREHOUSE_PASSWORD", sentinel+"/@:${X}",
)

func load(t *testing.T, text string, getenv func(string) string) *config.Config {
	t.Helper()
	c, err := config.Load(strings.NewReader(text), getenv)
	require.NoError(t, err)
	return c
}

const small = `
connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "w:p@tcp(h:3306)/" }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: warehouse, overlap: 2m, tuning: { chunkRows: 500 } }
tables:
`

func TestExampleFileLoads(t *testing.T) {
	c, err := config.LoadFile("../../tablehaul.yaml", shopEnv)
	require.NoError(t, err)
	require.Equal(t, "../../tablehaul.yaml", c.File)
	require.Equal(t, "tablehaul:"+sentinel+"/@:${X}@tcp(warehouse.example.com:3306)/",
		c.Connections["warehouse"].DSN.Reveal())
	require.Equal(t, "verify-identity", c.Connections["warehouse"].TLS)
	require.Equal(t, config.Staging{
		URL: "file:///var/lib/tablehaul", Compression: "snappy",
		SweepAfter: 24 * time.Hour,
	}, c.Staging)

	got, err := c.Table(table.Name{Schema: "shop", Table: "orders"})
	require.NoError(t, err)
	require.Equal(t, config.Table{
		Name: table.Name{Schema: "shop", Table: "orders"}, Target: table.Name{Schema: "dw", Table: "orders"},
		BadRows: "fail", MaxBadRows: 100, MaxBadShare: 0.001, QuarantineKeep: 720 * time.Hour,
		SourceConnection: "shop", TargetConnection: "warehouse",
		Cursor: "updated_at", Overlap: time.Minute, MinLag: time.Second, TailRows: 100_000,
		PageRows: 10000, PageBytes: 4 << 20, PageTime: 5 * time.Second,
		ChunkRows: 10000, ChunkBytes: 16 << 20, PartBytes: 256 << 20, RangeRows: 250000, RangeBytes: 256 << 20,
		ChunksInFlight: 4, FarChunksInFlight: 8, RangesInFlight: 2,
		Write: table.WriteUpsert, KeepOld: time.Hour, UniqueConflicts: "fail", MaxTransaction: time.Second,
		ScheduleFamily: config.FamilyApply, Priority: 3, StaleAfter: 24 * time.Hour, StaleByDefault: true,
		BulkLoad: true, IndexesAfterLoad: table.IndexesFirst, CreateTarget: true, ScheduleJitter: 30 * time.Second,
		Schema: table.Contract{
			NewColumns: "add", Widened: "alter", Dropped: "keep", Narrowed: "fail", MaxCopyRows: 100_000,
		},
		Deletes: config.Deletes{
			Mode: "off", Column: "deleted_at", Every: config.Schedule{Every: 24 * time.Hour}, MaxShare: 0.05,
			Grace: 10 * time.Minute, Owns: "scope",
		},
		Verify: config.Verify{Depth: "digest", Keep: 30 * 24 * time.Hour},
		Undo:   config.Undo{Keep: 30 * 24 * time.Hour},
	}, got)

	log, err := c.Table(table.Name{Schema: "shop", Table: "log_2024"})
	require.NoError(t, err)
	require.Equal(t, "dw.shop_log_2024", log.Target.String())
	require.Equal(t, "id", log.Cursor)
	require.Zero(t, log.Overlap)

	require.Len(t, c.Tables(), 2)
	require.Len(t, c.Patterns(), 1)
	require.Equal(t, "shop.log_*", c.Patterns()[0].Name)
	require.True(t, c.Patterns()[0].Match(table.Name{Schema: "shop", Table: "log_"}))
	require.False(t, c.Patterns()[0].Match(table.Name{Schema: "other", Table: "log_1"}))
}

func TestExactNamesWinOverPatternsThenTheFirstMatch(t *testing.T) {
	c := load(t, small+`
  - { name: "shop.log_a*", cursor: first }
  - { name: "shop.log_*", cursor: second }
  - { name: shop.log_abc, cursor: exact }
  - { name: "shop.`+"`log_*`"+`", cursor: literal }
`, shopEnv)
	for name, cursor := range map[string]string{
		"log_abc": "exact", "log_abd": "first", "log_b": "second", "log_*": "literal",
	} {
		got, err := c.Table(table.Name{Schema: "shop", Table: name})
		require.NoError(t, err)
		require.Equal(t, cursor, got.Cursor, name)
		require.Equal(t, got.Name, got.Target)
		require.Equal(t, 500, got.ChunkRows)
	}
}

func TestUnknownTableNamesLookalikes(t *testing.T) {
	c := load(t, small+"  - { name: shop.orders }\n  - { name: shop.customers }\n", shopEnv)
	for text, want := range map[string]string{
		"shop.order":     "table shop.order is not in the configuration; did you mean shop.orders?",
		"crm.customers":  "table crm.customers is not in the configuration; did you mean shop.customers?",
		"blog.wordpress": "table blog.wordpress is not in the configuration; it names shop.orders, shop.customers",
	} {
		n, err := table.ParseName(text)
		require.NoError(t, err)
		_, err = c.Table(n)
		require.ErrorIs(t, err, config.ErrUnknownTable)
		require.EqualError(t, err, want)
	}
}

// everySetting is a table with all of its keys, and tableOfEverySetting is what they say.
const everySetting = `
  - name: shop.a
    target: dw.b
    sourceConnection: warehouse
    targetConnection: shop
    cursor: 7
    cursorZone: Europe/Berlin
    overlap: 1h30m
    minLag: 250ms
    fixedLag: 10m
    allowReplica: true
    hours: 22:00-06:00 Europe/Berlin
    maxThreadsRunning: 50
    maxReplicaLag: 10s
    replicas: [shop, warehouse]
    uniqueConflicts: replace
    write: upsert
    keepOld: 20m
    allowUnsafeSwap: true
    badRows: quarantine
    maxBadRows: 7
    maxBadShare: 2.5 %
    quarantine: { keep: 48h }
    staleAfter: 90m
    schedule: 0  3 * * 1-5 Europe/Berlin
    scheduleJitter: 2m
    schedulePaused: true
    scheduleFamily: auto
    createTarget: false
    schema: { newColumns: ignore, widened: alter, dropped: fail, narrowed: fail, maxCopyRows: 5 }
    deletes: { mode: soft, column: gone, every: 6h, maxShare: 12.5%, grace: 1h, owns: all, allowCascade: true }
    verify: { every: 12h, depth: keys, keep: 36h }
    undo: { keep: 48h }
    tuning:
      tailRows: 5000
      pageRows: 1_000
      pageBytes: 1 MiB
      pageTime: 1s
      chunkRows: ${ROWS}
      chunkBytes: 100kB
      partBytes: 4GiB
      rangeRows: 5
      rangeBytes: 3GiB
      bulkLoad: false
      indexesAfterLoad: true
      chunksInFlight: 32
      rangesInFlight: 16
      maxTransaction: 500ms
      priority: 1
`

var tableOfEverySetting = config.Table{
	Name: table.Name{Schema: "shop", Table: "a"}, Target: table.Name{Schema: "dw", Table: "b"},
	SourceConnection: "warehouse", TargetConnection: "shop",
	Cursor: "7", CursorZone: "Europe/Berlin", Overlap: 90 * time.Minute, MinLag: 250 * time.Millisecond,
	BadRows: "quarantine", MaxBadRows: 7, MaxBadShare: 0.025, QuarantineKeep: 48 * time.Hour,
	FixedLag: 10 * time.Minute, TailRows: 5000,
	Hours: "22:00-06:00 Europe/Berlin", MaxThreadsRunning: 50, MaxReplicaLag: 10 * time.Second,
	Replicas:     []string{"shop", "warehouse"},
	AllowReplica: true, PageRows: 1000, PageBytes: 1 << 20, PageTime: time.Second,
	Priority: 1, ChunkRows: 77, ChunkBytes: 100_000, PartBytes: 4 << 30, RangeRows: 5, RangeBytes: 3 << 30,
	IndexesAfterLoad: table.IndexesAfterLoad, ChunksInFlight: 32, FarChunksInFlight: 32, RangesInFlight: 16,
	Schema: table.Contract{
		NewColumns: "ignore", Widened: "alter", Dropped: "fail", Narrowed: "fail", MaxCopyRows: 5,
	},
	Write: table.WriteUpsert, KeepOld: 20 * time.Minute, AllowUnsafeSwap: true, UniqueConflicts: "replace",
	StaleAfter: 90 * time.Minute, MaxTransaction: 500 * time.Millisecond,
	Schedule: config.Schedule{Cron: "0 3 * * 1-5", Zone: "Europe/Berlin", Calendar: config.Calendar{
		Minute: only(0), Hour: only(3), DayOfMonth: []config.CalendarRange{{First: 1, Last: 31, Step: 1}},
		Month:     []config.CalendarRange{{First: 1, Last: 12, Step: 1}},
		DayOfWeek: []config.CalendarRange{{First: 1, Last: 5, Step: 1}},
	}},
	ScheduleJitter: 2 * time.Minute, SchedulePaused: true, ScheduleFamily: config.FamilyAuto,
	Undo: config.Undo{Keep: 48 * time.Hour},
	Deletes: config.Deletes{
		Mode: "soft", Column: "gone", Every: config.Schedule{Every: 6 * time.Hour}, MaxShare: 0.125,
		Grace: time.Hour, Owns: "all", AllowCascade: true,
	},
	Verify: config.Verify{
		Every: config.Schedule{Every: 12 * time.Hour}, Depth: "keys", Keep: 36 * time.Hour,
	},
}

func TestEverySettingIsTakenFromTableThenDefaults(t *testing.T) {
	c := load(t, small+everySetting, func(n string) string {
		return map[string]string{"ROWS": "77", "SHOP_DSN": "u@tcp(h)/"}[n]
	})
	require.Equal(t, tableOfEverySetting, c.Tables()[0])
}

// A table's tuning replaces single keys of the defaults' tuning and keeps the others.
func TestTuningOfATableKeepsWhatDefaultsSay(t *testing.T) {
	c := load(t, small+"  - { name: shop.a, tuning: { pageRows: 7 } }\n  - { name: shop.b, tuning: }\n", shopEnv)
	require.Equal(t, [2]int{500, 7}, [2]int{c.Tables()[0].ChunkRows, c.Tables()[0].PageRows})
	require.Equal(t, [2]int{500, 10_000}, [2]int{c.Tables()[1].ChunkRows, c.Tables()[1].PageRows})
}

func TestKeysInTheWrongPlaceNameTheirPlace(t *testing.T) {
	for entry, want := range map[string]string{
		"addColumns: true": "tables[0].addColumns: unknown key (line 8); write schema: { newColumns: add, widened: " +
			"alter } for true, and schema: { newColumns: fail, widened: fail } for false",
		"columns: { include: [id] }, schema: { newColumns: add }": "tables[0].schema.newColumns: columns.include " +
			"names the only columns that travel: no new one is added (line 8); name them under columns.include, or " +
			"write columns.exclude instead",
		"schema: { widened: fail, maxCopyRows: 5 }": "tables[0].schema.maxCopyRows: widened is fail: nothing is ever " +
			"altered (line 8); write widened: alter, or leave it out",
		"schema: { renamed: ask }": "tables[0].schema.renamed: unknown key (line 8); a renamed column is asked for, " +
			"never guessed: the run that finds one says how to answer",
		"chunkRows: 5": "tables[0].chunkRows: unknown key (line 8); write it under tuning, as " +
			"tuning: { chunkRows: … }",
		"tuning: { cursor: a }": "tables[0].tuning.cursor: unknown key (line 8); write it beside tuning, " +
			"not under it",
		"tuning: { chunkRow: 5 }": "tables[0].tuning.chunkRow: unknown key (line 8); did you mean chunkRows?",
		"tuning: 5":               "tables[0].tuning: must be a mapping of keys to values, not a single value",
		"source: shop":            "tables[0].source: unknown key (line 8); write sourceConnection",
		"replicas: shop": "tables[0].replicas: must be a list, not a single value (line 8); write " +
			"[replica1, replica2]",
		"replicas: [shop, nowhere]": "tables[0].replicas: there is no such connection",
		"exclude: shop.b": "tables[0].exclude: must be a list, not a single value (line 8); write " +
			"[schema.table, schema.part_*]",
		"maxReplicaLag: 5s": "tables[0].replicas: is missing (line 8); name the connections whose lag " +
			"maxReplicaLag limits",
		"write: merge": "tables[0].write: \"merge\" is not allowed (line 8); known are upsert, append, history, " +
			"replace",
		"write: append, uniqueConflicts: replace": "tables[0].uniqueConflicts: replace removes existing rows, and " +
			"write: append leaves them as they are (line 8); use fail, or write: upsert",
		"key: id":       "tables[0].key: must be a list, not a single value (line 8); write [tenant, number]",
		"key: [id, ID]": "tables[0].key[1]: \"ID\" is there twice (line 8); write it once",
		"write: history": "tables[0].write: history tells versions apart by a cursor (line 8); set cursor, or " +
			"write: upsert",
		"write: history, cursor: u, deletes: { mode: hard }": "tables[0].deletes: deletes.mode hard makes no sense " +
			"with write: history, which keeps all versions (line 8); use mode: soft, report, or off",
		"write: history, cursor: u, uniqueConflicts: replace": "tables[0].uniqueConflicts: a history has no unique key",
		"write: replace, deletes: { mode: soft }": "tables[0].deletes: write: replace loads all rows with every run: " +
			"the target never has rows that the source lacks (line 8); leave deletes out, or use write: upsert",
		"tuning: { bulkLoad: perhaps }": "tables[0].tuning.bulkLoad: \"perhaps\" is neither true nor false",
	} {
		_, err := config.Load(strings.NewReader(small+"  - { name: shop.a, "+entry+" }\n"), shopEnv)
		require.ErrorContains(t, err, want, entry)
	}
	for key, want := range map[string]string{
		"source: shop": "write sourceConnection", "target: shop": "write targetConnection",
		"pageTime: 1s": "write it under tuning",
	} {
		_, err := config.Load(strings.NewReader(strings.Replace(small, "overlap: 2m", key, 1)+"  - { name: shop.a }\n"),
			shopEnv)
		require.ErrorContains(t, err, want, key)
	}
}

func TestWorkerAndStagingSettings(t *testing.T) {
	c := load(t, strings.Replace(small, `staging: { url: "file:///tmp/x" }`,
		`staging: { url: "file:///tmp/x", shared: true, sweepAfter: 0s }
worker: { host: "${HOST}", activities: 8, workflowTasks: 9, pollers: 2 }`, 1)+"  - { name: a.b, target: a.c }\n",
		func(n string) string { return map[string]string{"HOST": "web-1", "SHOP_DSN": "u@tcp(h)/"}[n] })
	require.True(t, c.Staging.Shared)
	require.Zero(t, c.Staging.SweepAfter)
	require.Equal(t, config.Worker{Host: "web-1", Activities: 8, WorkflowTasks: 9, Pollers: 2}, c.Worker)

	_, err := config.Load(strings.NewReader(strings.Replace(small, "defaults:",
		"worker: { host: \"a b\", activities: 1 }\ndefaults:", 1)+"  - { name: a.b, target: a.c }\n"), shopEnv)
	require.ErrorContains(t, err, `worker.host`)
	require.ErrorContains(t, err, `"a b" is not the name of a machine`)
	require.ErrorContains(t, err, `worker.activities`)

	c = load(t, small+"  - { name: a.b, target: a.c }\n", shopEnv)
	require.False(t, c.Staging.Shared)
	require.Equal(t, 24*time.Hour, c.Staging.SweepAfter)
	require.Equal(t, config.Worker{Activities: 32, WorkflowTasks: 100, Pollers: 5}, c.Worker)
}
