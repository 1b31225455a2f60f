package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

// listing is the answer of a worker with that configuration, whose families have the tables
// that are given.
func listing(t *testing.T, text string, found ...string) api.ListTablesResult {
	t.Helper()
	c, err := config.Load(strings.NewReader(text), func(string) string { return "u@tcp(h)/" })
	require.NoError(t, err)
	var out api.ListTablesResult
	add := func(n table.Name, family string) {
		digest, err := c.Digest(n)
		require.NoError(t, err)
		out.Tables = append(out.Tables, api.ListedTable{Table: n.String(), Family: family, Settings: digest})
	}
	for _, one := range c.Tables() {
		add(one.Name, "")
	}
	for _, p := range c.Patterns() {
		f := api.ListedFamily{Name: p.Name, Connection: p.Connection}
		for _, name := range found {
			n, err := table.ParseName(name)
			require.NoError(t, err)
			if p.Match(n) {
				add(n, p.Name)
				f.Tables++
			}
		}
		out.Families = append(out.Families, f)
	}
	return out
}

func started(f *fakeService) map[string]bool {
	out := map[string]bool{}
	for _, in := range f.starts {
		out[in.Table] = true
	}
	return out
}

func TestTablesOfOnlineSchemaChangesAreSaidToBeLeftOut(t *testing.T) {
	listed := listing(t, testConfig, "shop.log_1")
	listed.Families[0].LeftOut, listed.Families[0].LeftOutCount = []string{"shop.log_1_gho"}, 3
	f := &fakeService{listed: listed}
	for _, args := range [][]string{{"run", "--all", "--no-wait"}, {"run", "shop.log_*", "--no-wait"}} {
		got := call(t, f, args...)
		require.Equal(t, exitOK, got.code)
		require.Contains(t, got.stderr, "leaves out tables of an online schema change (gh-ost, "+
			"pt-online-schema-change): shop.log_1_gho and 2 more")
	}
}

func TestAllAndFamiliesAreExpandedByTheWorker(t *testing.T) {
	f := &fakeService{listed: listing(t, testConfig, "shop.log_1", "shop.log_2")}
	got := call(t, f, "run", "--all", "--no-wait")
	require.Equal(t, invocation{exitOK, got.stdout, ""}, got)
	require.Equal(t, map[string]bool{
		"shop.orders": true, "shop.countries": true, "shop.log_1": true,
		"shop.log_2": true,
	}, started(f))
	require.Equal(t, len(f.starts), strings.Count(got.stdout, "\n"), "each table has one line:\n%s", got.stdout)

	f.starts = nil
	got = call(t, f, "run", "shop.l*", "shop.orders", "shop.orders", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, map[string]bool{"shop.orders": true, "shop.log_1": true, "shop.log_2": true}, started(f))
	require.Len(t, f.starts, 3)

	got = call(t, f, "plan", "shop.zz_*")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.stderr, "shop.zz_* matches no table of the worker's configuration")

	f.idle = true
	got = call(t, f, "run", "--all")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr,
		`only a worker knows the tables of a name with a *: no worker polls the task queue "tablehaul"`)
}

func TestExactTablesNeedNoListing(t *testing.T) {
	f := &fakeService{idle: true}
	got := callConfig(t.Context(), t, f, strings.Replace(testConfig, `- { name: "shop.log_*", cursor: id }`, "", 1),
		"run", "--all", "--no-wait")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Len(t, f.starts, 2)
}

// The worker reads its file when it starts; the file at hand may have changed since.
func TestAWorkerWithAnotherConfigurationIsNoticed(t *testing.T) {
	older := strings.Replace(testConfig, "cursor: updated_at", "cursor: created_at", 1)
	older = strings.Replace(older, "  - { name: shop.countries }\n", "", 1)
	older = strings.Replace(older, "shop.log_*", "shop.old_*", 1)
	f := &fakeService{listed: listing(t, older)}
	got := call(t, f, "run", "--all", "--no-wait")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "shop.log_* is in ")
	require.Regexp(t, `not in the worker's configuration: shop.countries. See in the worker's log`, got.stderr)
	require.Regexp(t, `the worker has other settings than .*tablehaul.yaml for shop.orders, which runs use: see in its log`,
		got.stderr)

	got = call(t, f, "run", "--all", "--no-wait", "--quiet")
	require.Equal(t, invocation{exitOK, "", ""}, got)
}

func TestAFailedListingSaysWhatWhereAndWhatToDo(t *testing.T) {
	f := &fakeService{fails: map[string]error{"list": &remote.FailedError{
		Type: "ServerUnavailable", Message: "refused",
		Connection: "shop",
	}}}
	got := call(t, f, "plan", "--all")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.stderr, "the list of tables failed: ServerUnavailable\n  what:   refused\n"+
		"  where:  connection shop, workflow tablehaul/list/tablehaul")
}

func TestWithoutAFileTheWorkerKnowsAllTables(t *testing.T) {
	f := &fakeService{listed: listing(t, testConfig, "shop.log_1")}
	a, _, _ := testApp(t, f, nil)
	t.Chdir(t.TempDir())
	require.Equal(t, exitOK, a.execute(t.Context(), []string{"run", "--all", "--no-wait"}))
	require.Len(t, f.starts, 3)
}
