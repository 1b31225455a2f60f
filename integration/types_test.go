package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// typeCase is one column type, sent through the whole product.
type typeCase struct {
	// name is the column's; a second column, name_nn, is the same type and NOT NULL.
	name string
	// ddl is the type, with its character set.
	ddl string
	// values are SQL expressions, the extremes of the type.
	values []string
	// oracle is the expression that both servers are compared by, %s being the column.
	// It shows the value's bits; CAST(%s AS CHAR) where empty.
	oracle string
	// on restricts a case to some pairs of source and target; nil is all four.
	on func(from, to servers.Flavor) bool
}

// Pairs of servers for typeCase.on.
var (
	fromMySQL   = func(from, _ servers.Flavor) bool { return from == servers.FlavorMySQL }
	fromMariaDB = func(from, _ servers.Flavor) bool { return from == servers.FlavorMariaDB }
	onlyMySQL   = func(from, to servers.Flavor) bool { return from == to && to == servers.FlavorMySQL }
	onlyMariaDB = func(from, to servers.Flavor) bool { return from == to && to == servers.FlavorMariaDB }
)

// Oracles.
const (
	asHex    = "HEX(%s)"
	asNumber = "%s + 0"
	// asDouble prints seventeen digits on both servers; the texts are compared as bits.
	asDouble = "CAST(%s AS DOUBLE)"
	asMember = "CONCAT(CAST(%[1]s AS UNSIGNED), ':', HEX(%[1]s))"
)

// typeGroups are tables of columns: few wide ones, because each costs a run.
func typeGroups() map[string][]typeCase {
	return map[string][]typeCase{
		"number": numberCases(), "moment": momentCases(), "text": textCases(), "charset": charsetCases(),
		"bytes": byteCases(), "member": memberCases(), "document": documentCases(),
	}
}

// typeTable is the table of one group for one pair of servers.
type typeTable struct {
	name  string
	cases []typeCase
	rows  int
}

func typeTables(from, to servers.Flavor) []typeTable {
	var out []typeTable
	for name, cases := range typeGroups() {
		table := typeTable{name: "t_" + name}
		for _, c := range cases {
			if c.on == nil || c.on(from, to) {
				table.cases = append(table.cases, c)
				table.rows = max(table.rows, len(c.values)+1)
			}
		}
		out = append(out, table)
	}
	return out
}

func (t typeTable) create() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL DEFAULT '2024-01-01 "+
		"00:00:00'", t.name)
	for _, c := range t.cases {
		fmt.Fprintf(&b, ",\n %[1]s %[2]s NULL, %[1]s_nn %[2]s NOT NULL", c.name, c.ddl)
	}
	return b.String() + ") CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
}

// insert is the statement of row id: the first holds NULL wherever it may.
func (t typeTable) insert(id int) string {
	names, values := []string{"id"}, []string{strconv.Itoa(id)}
	for _, c := range t.cases {
		nullable := "NULL"
		if n := id - 2; n >= 0 && n < len(c.values) {
			nullable = c.values[n]
		}
		names = append(names, c.name, c.name+"_nn")
		values = append(values, nullable, c.values[id%len(c.values)])
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", t.name, strings.Join(names, ", "), strings.Join(values, ", "))
}

// lax is a session that stores what applications with other settings have stored.
func lax(t *testing.T, db *sql.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for _, q := range []string{"SET NAMES utf8mb4", "SET SESSION sql_mode = " +
		"'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'"} {
		_, err := conn.ExecContext(t.Context(), q)
		require.NoError(t, err)
	}
	return conn
}

func execOn(t *testing.T, conn *sql.Conn, statements ...string) {
	t.Helper()
	for _, q := range statements {
		_, err := conn.ExecContext(t.Context(), q)
		require.NoError(t, err, "%.2000s", q)
	}
}

// read returns every value of the table as its oracle shows it, by "column id".
func (t typeTable) read(tt *testing.T, conn *sql.Conn) map[string]string {
	tt.Helper()
	list, labels := []string{"id"}, []string{"id"}
	for _, c := range t.cases {
		oracle := c.oracle
		if oracle == "" {
			oracle = "CAST(%s AS CHAR)"
		}
		for _, name := range []string{c.name, c.name + "_nn"} {
			list, labels = append(list, fmt.Sprintf(oracle, name)), append(labels, name)
		}
	}
	rows, err := conn.QueryContext(tt.Context(), "SELECT "+strings.Join(list, ", ")+" FROM "+t.name)
	require.NoError(tt, err)
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		values := make([]sql.NullString, len(list))
		dest := make([]any, len(list))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(tt, rows.Scan(dest...))
		for i, v := range values {
			text := "NULL"
			if v.Valid {
				text = "=" + v.String
			}
			if f, err := strconv.ParseFloat(v.String, 64); err == nil && strings.HasPrefix(list[i], "CAST(") &&
				strings.HasSuffix(list[i], "AS DOUBLE)") {
				text = fmt.Sprintf("%x", math.Float64bits(f))
			}
			out[labels[i]+" "+values[0].String] = text
		}
	}
	require.NoError(tt, rows.Err())
	return out
}

// requireDistinct guards the test itself: a source that bent its values would prove nothing.
func (t typeTable) requireDistinct(tt *testing.T, read map[string]string) {
	tt.Helper()
	var bent []string
	for _, c := range t.cases {
		require.Equal(tt, "NULL", read[c.name+" 1"], c.name)
		seen := map[string]string{"NULL": "a value"}
		for i, v := range c.values {
			got := read[fmt.Sprintf("%s %d", c.name, i+2)]
			if other, found := seen[got]; found {
				bent = append(bent, fmt.Sprintf("%s %s: %.60s is stored as %.60s is: %.60s", c.name, c.ddl, v, other,
					got))
			}
			seen[got] = v
		}
	}
	require.Empty(tt, strings.Join(bent, "\n"))
}

func requireSame(t *testing.T, want, got map[string]string) {
	t.Helper()
	var wrong []string
	for at, w := range want {
		if g := got[at]; g != w {
			wrong = append(wrong, fmt.Sprintf("%s: source %.200s, target %.200s", at, w, g))
		}
	}
	slices.Sort(wrong)
	require.Empty(t, strings.Join(wrong[:min(len(wrong), 12)], "\n"))
	require.Len(t, got, len(want))
}

// runAll starts runs at the same time and waits for all of them; each must succeed. The
// results are by table name.
func (p *product) runAll(inputs []workflows.SyncTableInput) map[string]workflows.SyncTableResult {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), runTimeout)
	defer cancel()
	runs := map[string]client.WorkflowRun{}
	for _, in := range inputs {
		runs[in.Table] = p.launch(in, workflows.SyncTableID(p.queue, in.Table))
	}
	out := map[string]workflows.SyncTableResult{}
	for name, run := range runs {
		var r workflows.SyncTableResult
		require.NoError(p.t, run.Get(ctx, &r), name)
		out[name] = r
	}
	return out
}

// syncAll runs tables at the same time.
func (p *product) syncAll(full bool, names ...string) map[string]workflows.SyncTableResult {
	p.t.Helper()
	inputs := make([]workflows.SyncTableInput, len(names))
	for i, name := range names {
		inputs[i] = workflows.SyncTableInput{Table: p.table(name), Full: full}
	}
	return p.runAll(inputs)
}

func TestTypesArriveExactly(t *testing.T) {
	t.Parallel()
	eachPair(t, typesArrive)
}

// eachPair runs f for every pair of servers.
func eachPair(t *testing.T, f func(t *testing.T, src, dst *servers.Server)) {
	t.Helper()
	both := []func(testing.TB) *servers.Server{servers.MySQL, servers.MariaDB}
	for _, from := range both {
		for _, to := range both {
			src, dst := from(t), to(t)
			t.Run(string(src.Flavor)+" to "+string(dst.Flavor), func(t *testing.T) { f(t, src, dst) })
		}
	}
}

func typesArrive(t *testing.T, src, dst *servers.Server) {
	p := start(t, options{source: src, target: dst, tables: "- { name: FROM.t_*, target: TO.t_*, cursor: updated_at }"})
	from, to := lax(t, p.src), lax(t, p.dst)
	tables := typeTables(src.Flavor, dst.Flavor)
	want := map[string]map[string]string{}
	var names []string
	for _, table := range tables {
		execOn(t, from, table.create())
		for id := 1; id <= table.rows; id++ {
			execOn(t, from, table.insert(id))
		}
		want[table.name] = table.read(t, from)
		table.requireDistinct(t, want[table.name])
		names = append(names, table.name)
	}
	step := func(what string, full bool, count func(workflows.SyncTableResult) int64) {
		results := p.syncAll(full, names...)
		for _, table := range tables {
			t.Run(what+"/"+table.name, func(t *testing.T) {
				requireSame(t, want[table.name], table.read(t, to))
				require.EqualValues(t, table.rows, results[p.table(table.name)].RowsExtracted)
				require.EqualValues(t, table.rows, count(results[p.table(table.name)]))
			})
		}
	}
	step("inserted", false, func(r workflows.SyncTableResult) int64 { return r.Inserted })
	// A value that is written differently than it is stored would count as updated.
	step("unchanged", true, func(r workflows.SyncTableResult) int64 { return r.Unchanged })
	if src != dst {
		return // what follows depends on the target alone
	}
	for _, table := range tables {
		execOn(t, to, table.clear())
	}
	step("updated", true, func(r workflows.SyncTableResult) int64 { return r.Updated })
	for _, table := range tables {
		execOn(t, to, "UPDATE "+table.name+" SET updated_at = '2030-01-01 00:00:00'")
	}
	step("newer on the target", true, func(r workflows.SyncTableResult) int64 { return r.Unchanged })
}

// clear makes every row of the target older than the source's, and empty.
func (t typeTable) clear() string {
	set := []string{"updated_at = '2000-01-01 00:00:00'"}
	for _, c := range t.cases {
		set = append(set, c.name+" = NULL")
	}
	return "UPDATE " + t.name + " SET " + strings.Join(set, ", ")
}
