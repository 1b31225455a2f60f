package activities_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// slowed is a pool of a server that gets other texts in its statements: those that make one of them slow.
func slowed(t *testing.T, s *servers.Server, role mysqldb.Role, texts ...string) *mysqldb.DB {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	for i := 0; i < len(texts); i += 2 {
		p.Rewrite(texts[i], texts[i+1])
	}
	db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Role: role, Name: "slow"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// In a target that others share, a look for the source's own rows that takes too long refuses no first load, and takes
// no target for lost. Rows that the source lacks are then those of others.
func TestALookForOwnRowsThatTakesTooLongIsNoAnswer(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.AtSource("CREATE TABLE eu (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
			"CREATE TABLE us LIKE eu", "INSERT INTO us VALUES (100, '2024-01-01')")
		dbtest.Fill(t, dbtest.Lenient(t, s, b.From), "eu", 20, "n, '2024-01-01'")
		use := func(name string) {
			b.settings.Table.Table, b.settings.KeysDisjoint = name, true
			b.settings.Mapping = &mapping.Settings{Add: []mapping.Pair{{Column: "origin", Value: "'" + name + "'"}}}
			b.restart()
		}
		use("eu")
		first := b.loaded()
		require.True(t, first.Identity.Target.Owned)
		require.Empty(t, first.Warnings)

		of := "1 FROM `" + b.To + "`.`t` WHERE "
		dst := target.New(slowed(t, s, mysqldb.Target, of+"(", of+"SLEEP(0.5) = 7 OR ("))
		b.deps.Target = func(context.Context, string) (*target.Target, error) { return dst, nil }
		use("us")
		plan := b.loaded()
		require.False(t, plan.Identity.Target.Owned)
		require.Contains(t, strings.Join(plan.Warnings, "\n"), "it takes too long to see whether "+b.To+".t has rows "+
			"of "+b.From+".us already")
		require.Equal(t, []string{"21"}, dbtest.Texts(t, s.DB(t, b.To), "SELECT COUNT(*) FROM t"))

		b.AtTarget("DELETE FROM t WHERE origin = 'us'")
		var next activities.PlanRunResult
		require.NoError(t, b.step("PlanRun", activities.PlanRunInput{
			Table: b.settings.Table.String(), Run: "run-2", State: owner.State{
				Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: "updated_at", Loaded: true,
				Identity: plan.Identity,
			},
		}, &next))
		require.Equal(t, api.ModeIncremental, next.Mode)
		require.False(t, next.TargetLost)
	})
}

// A state that only the source's last rows could bind to its target, and a source without an index that finds them: the
// refusal says what to do.
func TestLastRowsThatTakeTooLongAreARefusal(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL)")
		dbtest.Fill(t, dbtest.Lenient(t, s, b.From), "t", 20, "n, '2024-01-01'")
		b.loaded()
		src := source.New(slowed(t, s, mysqldb.Source, "MAX_EXECUTION_TIME(40000)", "MAX_EXECUTION_TIME(1000)",
			"max_statement_time=40.000", "max_statement_time=1.000", "`t` WHERE `updated_at` <= ",
			"`t` WHERE SLEEP(0.5) = 0 AND `updated_at` <= "))
		b.deps.Source = func(context.Context, string) (*source.Source, error) { return src, nil }
		b.restart()
		var next activities.PlanRunResult
		err := b.step("PlanRun", activities.PlanRunInput{
			Table: b.settings.Table.String(), Run: "run-2", State: owner.State{
				Version: 1, Table: b.settings.Table.String(), Watermark: watermark, Cursor: "updated_at", Loaded: true,
			},
		}, &next)
		require.ErrorContains(t, err, "it takes too long to find its last rows")
		require.ErrorContains(t, err, "ALTER TABLE `"+b.From+"`.`t` ADD INDEX (`updated_at`), then run again; or, "+
			"where")
	})
}
