package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// customers is a table of whose columns each rule of a mapping has one.
const customers = "CREATE TABLE t (cust_id INT PRIMARY KEY, name VARCHAR(40), note VARCHAR(40), " +
	"email VARCHAR(60) DEFAULT 'x', status ENUM('new','old') DEFAULT 'new', email_domain VARCHAR(60) AS " +
	"(SUBSTRING_INDEX(email, '@', -1)), tenant INT NOT NULL, code INT UNIQUE, " +
	"name_length INT AS (CHAR_LENGTH(name)) STORED, " +
	"note_length INT AS (CHAR_LENGTH(note)) STORED, " +
	"updated_at TIMESTAMP(6) NOT NULL, KEY by_cursor (updated_at, note), KEY (note), KEY (name))"

func newMapped(t *testing.T, source, target *servers.Server, rows int) *bench {
	t.Helper()
	b := emptyBench(t, source, target)
	b.AtSource(customers)
	b.AtSource(fmt.Sprintf("INSERT INTO t (cust_id, name, note, email, tenant, updated_at) SELECT n, "+
		"CONCAT('name', n), 'SECRETNOTE', CONCAT('SECRET', n %% 10), n %% 4, '2024-01-01' FROM (WITH RECURSIVE "+
		"seq (n) AS (SELECT 0 UNION ALL SELECT n+1 FROM seq WHERE n < %d) SELECT n FROM seq) seq", rows-1))
	b.settings.Mapping = &mapping.Settings{
		Where: "tenant = 1 OR tenant = 2", Exclude: []string{"NOTE", "code"},
		Rename: []mapping.Pair{{Column: "cust_id", Value: "customer"}, {Column: "name", Value: "cust_id"}, {
			Column: "updated_at", Value: "changed",
		}},
		Mask: []mapping.Pair{{Column: "email", Value: "hmac"}}, KeyFingerprint: mask.NewKey(someKey).Fingerprint(),
		Add:  []mapping.Pair{{Column: "loaded_from", Value: "'shop-eu'"}, {Column: "twice", Value: "tenant * 2"}},
		Type: []mapping.Pair{{Column: "status", Value: "varchar(12)"}, {Column: "twice", Value: "decimal(22,2)"}},
	}
	b.deps.MaskKey = func(table.Name) mask.Key { return mask.NewKey(someKey) }
	b.settings.Compression = "none"
	b.deps.Store = &keptStore{Store: b.deps.Store, t: t, secrets: []string{"SECRET"}}
	b.restart()
	return b
}

// loaded runs the steps of a first load.
func (b *bench) loaded() activities.PlanRunResult {
	b.t.Helper()
	plan, in := b.plan()
	for ; in.Range < plan.Ranges; in.Range++ {
		b.moveRange(in)
	}
	return plan
}

// moveRange extracts a range and writes its chunks.
func (b *bench) moveRange(in activities.RangeInput) {
	b.t.Helper()
	var extracted activities.ExtractResult
	require.NoError(b.t, b.step("ExtractIncremental", in, &extracted))
	var list activities.ListChunksResult
	require.NoError(b.t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
	for _, c := range list.Chunks {
		var r activities.UpsertChunkResult
		require.NoError(b.t, b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &r))
	}
	var removed activities.CleanupResult
	require.NoError(b.t, b.step("Cleanup", in, &removed))
}

// verified compares both sides, and returns how many rows are equal, and the verdicts on the others.
func (b *bench) verified(cursor string) (verify.Tally, map[verify.Verdict]int64) {
	b.t.Helper()
	c := &comparing{bench: b, state: &stateClient{state: owner.State{
		Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: cursor, Adopt: true,
	}}}
	b.deps.Client = c.state
	b.settings.Deletes.OwnsAll = true
	b.restart()
	got := c.verify(api.DepthDigest)
	return got.Tally, got.verdicts
}

// eachPair runs a test on the four pairs of servers.
func eachPair(t *testing.T, f func(t *testing.T, source, target *servers.Server)) {
	for name, pair := range map[string][2]func(testing.TB) *servers.Server{
		"mysql to mysql": {servers.MySQL, servers.MySQL}, "mysql to mariadb": {servers.MySQL, servers.MariaDB},
		"mariadb to mysql": {servers.MariaDB, servers.MySQL}, "mariadb to mariadb": {servers.MariaDB, servers.MariaDB},
	} {
		t.Run(name, func(t *testing.T) { f(t, pair[0](t), pair[1](t)) })
	}
}

// A mapped table has the columns and rows that are asked for, on each pair of servers, and a comparison sees both
// sides alike.
func TestColumnsAndRowsAreMapped(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := newMapped(t, source, target, 400)
		b.loaded()
		db := b.Target.DB(t, b.To)
		require.Equal(t, []string{"customer int,cust_id varchar(40),email char(64),status varchar(12)," +
			"tenant int,name_length int,changed timestamp(6),loaded_from varchar(64),twice decimal(22,2)"},
			dbtest.Texts(t, db, "SELECT REPLACE(GROUP_CONCAT(COLUMN_NAME, ' ', COLUMN_TYPE ORDER BY "+
				"ORDINAL_POSITION), 'int(11)', 'int') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '"+b.To+
				"' AND TABLE_NAME = 't'"))
		require.Equal(t, []string{"200 10 200"}, dbtest.Texts(t, db, "SELECT CONCAT(COUNT(*), ' ', "+
			"COUNT(DISTINCT email), ' ', SUM(loaded_from = 'shop-eu' AND twice = 2 * tenant AND status = 'new' AND "+
			"cust_id = CONCAT('name', customer) AND tenant IN (1, 2) AND name_length = CHAR_LENGTH(cust_id))) FROM t"))

		b.AtSource("UPDATE t SET tenant = 3 WHERE cust_id = 1", "UPDATE t SET name = 'other' WHERE cust_id = 2",
			"UPDATE t SET note = 'other' WHERE cust_id = 5")
		tally, verdicts := b.verified("changed")
		require.EqualValues(t, 199, tally.SourceRows)
		require.EqualValues(t, 198, tally.Equal)
		require.Equal(t, map[verify.Verdict]int64{verify.Deleted: 1, verify.Silent: 1}, verdicts)
	})
}

// A mapping that cannot be is refused before anything is written.
func TestAMappingIsRefusedBeforeTheFirstWrite(t *testing.T) {
	s := servers.MySQL(t)
	b := newMapped(t, s, s, 1)
	pair := func(column, value string) []mapping.Pair { return []mapping.Pair{{Column: column, Value: value}} }
	for name, c := range map[string]struct {
		mapping mapping.Settings
		text    string
	}{
		"no such column":      {mapping.Settings{Exclude: []string{"nott"}}, "has no column nott: did you mean note?"},
		"the key":             {mapping.Settings{Exclude: []string{"cust_id"}}, "leaves out cust_id"},
		"the cursor":          {mapping.Settings{Include: []string{"cust_id"}}, "leaves out the cursor updated_at"},
		"a name that is used": {mapping.Settings{Rename: pair("note", "NAME")}, "two columns would be"},
		"where: no column":    {mapping.Settings{Where: "x = 1"}, "where: the source does not take it (1054"},
		"where: no SQL":       {mapping.Settings{Where: "tenant tenant"}, "where: the source does not take it (1064"},
		"where: no operand":   {mapping.Settings{Where: "tenant ="}, "where has nothing behind ="},
		"where: a subquery":   {mapping.Settings{Where: "tenant IN (SELECT 1)"}, "where has SELECT"},
		"mask: the key":       {mapping.Settings{Mask: pair("cust_id", "hmac")}, "part of the key"},
		"mask: the cursor":    {mapping.Settings{Mask: pair("updated_at", "year")}, "the cursor cannot have a mask"},
		"mask: a unique key":  {mapping.Settings{Mask: pair("code", "null")}, "in the unique key code"},
		"mask: none":          {mapping.Settings{Mask: pair("name", "md5")}, `"md5" is no mask`},
		"mask: a type":        {mapping.Settings{Mask: pair("name", "year")}, "does not take the type varchar(40)"},
		"mask: no secret":     {mapping.Settings{Mask: pair("name", "hmac")}, "hmac needs a key"},
		"add: a column":       {mapping.Settings{Add: pair("NAME", "1")}, "has a column of that name"},
		"add: a moment":       {mapping.Settings{Add: pair("at", "NOW()")}, "columns.add.at has NOW()"},
		"add: no column":      {mapping.Settings{Add: pair("at", "nme")}, "add.at: the source does not take it (10"},
		"add: no type":        {mapping.Settings{Add: pair("at", "NULL")}, "columns.add.at: it has no type"},
		"type: too small":     {mapping.Settings{Type: pair("name", "varchar(3)")}, "type: long values do not fit"},
		"type: none":          {mapping.Settings{Type: pair("name", "varchar(3) DEFAULT 'x'")}, "is not a type"},
		"type: no column":     {mapping.Settings{Type: pair("nme", "int")}, "has no column nme: did you mean name?"},
	} {
		t.Run(name, func(t *testing.T) {
			b.settings.Mapping = &c.mapping
			var out activities.PlanRunResult
			err := b.step("PlanRun", activities.PlanRunInput{Table: b.settings.Table.String(), Run: "run-1"}, &out)
			require.ErrorContains(t, err, c.text)
		})
	}
	require.Equal(t, []string{"0"}, dbtest.Texts(t, b.Target.DB(t, b.To), "SELECT COUNT(*) FROM "+
		"information_schema.TABLES WHERE TABLE_SCHEMA = '"+b.To+"'"))
}

// A preview shows what becomes of each column, and what a filter that turns false means.
func TestAPlanShowsTheMapping(t *testing.T) {
	s := servers.MySQL(t)
	b := newMapped(t, s, s, 10)
	b.deps.Client = &stateClient{state: owner.State{Version: 1, Table: b.settings.Table.String()}}
	b.restart()
	out := b.previewed()
	require.Equal(t, api.VerdictReady, out.Verdict)
	require.Equal(t, "tenant = 1 OR tenant = 2", out.Where)
	require.Equal(t, []api.MappedColumn{
		{Source: "cust_id", Target: "customer", Type: "int"},
		{Source: "name", Target: "cust_id", Type: "varchar(40)"},
		{Source: "email", Target: "email", Type: "char(64)", How: "mask hmac"},
		{Source: "status", Target: "status", Type: "varchar(12)"},
		{Source: "tenant", Target: "tenant", Type: "int"},
		{Source: "name_length", Target: "name_length", Type: "int", How: "computed"},
		{Source: "updated_at", Target: "changed", Type: "timestamp(6)"},
		{Source: "'shop-eu'", Target: "loaded_from", Type: "varchar(64)", How: "added"},
		{Source: "tenant * 2", Target: "twice", Type: "decimal(22,2)", How: "added"},
		{Source: "note", How: "left out"},
		{Source: "email_domain", How: "left out"},
		{Source: "code", How: "left out"},
		{Source: "note_length", How: "left out"},
	}, out.Columns)
	var texts []string
	for _, f := range out.Findings {
		texts = append(texts, f.Text)
	}
	said := strings.Join(texts, "\n")
	require.Contains(t, said, "a row for which it turns false counts as deleted: no sweep is configured")
	require.Contains(t, said, "column email_domain is computed of email, and is left out with it")
	require.Contains(t, said, "index note is not created on the target: it has a column that the target does not get")
}

// What a watermark promises is of a mapping: with another one the table is loaded again, or adopted.
func TestAMappingIsPartOfTheIdentity(t *testing.T) {
	s := servers.MySQL(t)
	b := newMapped(t, s, s, 10)
	plan := b.loaded()
	state := owner.State{
		Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: "changed", Loaded: true,
		Identity: plan.Identity,
	}
	next := func() error {
		var out activities.PlanRunResult
		return b.step("PlanRun", activities.PlanRunInput{
			Table: b.settings.Table.String(), Run: "run-2", State: state,
		}, &out)
	}
	require.NoError(t, next())
	was := *b.settings.Mapping
	for name, change := range map[string]func(*mapping.Settings){
		"where":   func(m *mapping.Settings) { m.Where = "tenant = 1" },
		"exclude": func(m *mapping.Settings) { m.Exclude = []string{"note", "code", "name_length"} },
	} {
		t.Run(name, func(t *testing.T) {
			other := was
			change(&other)
			b.settings.Mapping = &other
			require.ErrorContains(t, next(), "where or columns have changed since")
		})
	}
}

// Two sources share a target, each with a watermark, a state row and a comparison of its own: what one does touches no
// row of the other, and none of its rows counts as extra, deleted or lost.
func TestManySourcesShareATarget(t *testing.T) {
	for _, s := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		t.Run(string(s.Flavor), func(t *testing.T) {
			b := emptyBench(t, s, s)
			b.AtSource("CREATE TABLE eu (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
				"CREATE TABLE us LIKE eu",
				"INSERT INTO eu VALUES (1, '2024-01-01'), (3, '2024-01-01'), (5, '2024-01-01')",
				"INSERT INTO us VALUES (2, '2024-01-01'), (4, '2024-01-01')")
			use := func(name string) *bench {
				b.settings.Table.Table, b.settings.KeysDisjoint = name, true
				b.settings.Mapping = &mapping.Settings{Add: []mapping.Pair{{Column: "origin", Value: "'" + name + "'"}}}
				b.restart()
				return b
			}
			require.True(t, use("eu").loaded().Identity.Target.Owned)
			require.True(t, use("us").loaded().Identity.Target.Owned, "none of its own rows was there")
			require.Equal(t, []string{"1 eu", "2 us", "3 eu", "4 us", "5 eu"}, dbtest.Texts(t, b.Target.DB(t, b.To),
				"SELECT CONCAT(id, ' ', origin) FROM t ORDER BY id"))
			b.AtSource("DELETE FROM us WHERE id = 2")
			tally, verdicts := use("us").verified("updated_at")
			require.EqualValues(t, 1, tally.Equal)
			require.Equal(t, map[verify.Verdict]int64{verify.Deleted: 1}, verdicts)
			tally, verdicts = use("eu").verified("updated_at")
			require.Equal(t, verify.Tally{SourceRows: 3, TargetRows: 3, Equal: 3}, tally)
			require.Empty(t, verdicts)

			b.settings.Mapping = &mapping.Settings{Add: []mapping.Pair{{Column: "origin", Value: "CONCAT(id)"}}}
			b.settings.Deletes.Mode = "hard"
			b.restart()
			var out activities.PlanRunResult
			require.ErrorContains(t, b.step("PlanRun", activities.PlanRunInput{
				Table: b.settings.Table.String(), Run: "run-3",
			}, &out), "nothing tells the rows of this table from others")
		})
	}
}

// A repair brings back what a mapped table lost on the target, masks and all, and an undo takes it back.
func TestAMappedTableIsRepairedAndUndone(t *testing.T) {
	s := servers.MySQL(t)
	mapped := newMapped(t, s, s, 40)
	mapped.loaded()
	b := &repairBench{bench: mapped, t: t, server: s}
	b.settings.Overlap, b.settings.Deletes.OwnsAll = time.Second, true
	b.state = &stateClient{state: owner.State{
		Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: "changed", Adopt: true,
	}}
	b.deps.Client = b.state
	b.restart()
	all := func() []string {
		return dbtest.Texts(t, b.Target.DB(t, b.To), "SELECT CONCAT_WS('|', customer, cust_id, email, status, tenant, "+
			"loaded_from, twice, changed) FROM t ORDER BY customer")
	}
	right := all()
	b.AtTarget("DELETE FROM t WHERE customer = 1", "UPDATE t SET email = 'spoiled' WHERE customer = 2",
		"UPDATE t SET loaded_from = 'elsewhere' WHERE customer = 5")
	spoiled := all()
	done, undo := b.repaired(false)
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 2}, done.Repaired)
	require.Equal(t, right, all())
	b.undone(undo, false)
	require.Equal(t, spoiled, all())
}
