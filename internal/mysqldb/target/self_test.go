package target_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Rows arrive in any order, chunk by chunk, at a target that refers to itself; a foreign key of
// another table is checked all the same, also over the same connection.
func TestATargetThatRefersToItselfTakesChildrenFirst(t *testing.T) {
	const staff = "CREATE TABLE staff (id INT PRIMARY KEY, boss INT, v INT, FOREIGN KEY (boss) REFERENCES staff (id))"
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, load := range map[string]bool{"by inserts": false, "by files": true} {
			t.Run(name, func(t *testing.T) {
				p := dbtest.NewPair(t, s, s)
				p.AtSource(staff)
				p.AtTarget(
					staff,
					"CREATE TABLE other (id INT PRIMARY KEY, staff INT, FOREIGN KEY (staff) REFERENCES staff (id))",
				)
				plan := p.Plan("staff")
				require.False(t, plan.Refused(), plan.Findings)
				require.True(t, plan.RefersToItself)
				write := oneWriter(t, s, p.To, load)
				err := write("staff", false, []any{1, 5, 0})
				require.Equal(t, uint16(1452), mysqlerr.NumberOf(err), "without it: %v", err)
				require.NoError(
					t, write("staff", true, []any{1, 5, 0}, []any{2, 3, 0}, []any{3, 2, 0}, []any{4, 4, 0}),
					"of a later chunk, of each other, of itself",
				)
				require.NoError(t, write("staff", true, []any{5, nil, 0}, []any{2, 1, 1}))
				err = write("other", false, []any{1, 99})
				require.Equal(t, uint16(1452), mysqlerr.NumberOf(err), "%v", err)
				require.NoError(t, write("other", false, []any{1, 5}))
				raw := s.DB(t, p.To)
				require.Equal(
					t, []string{"1|5|0", "2|1|1", "3|2|0", "4|4|0", "5|0"},
					dbtest.Texts(t, raw, "SELECT CONCAT_WS('|', id, boss, v) FROM staff ORDER BY id"),
				)

				dbtest.Exec(
					t, raw, "ALTER TABLE staff ADD COLUMN place INT, ADD FOREIGN KEY (place) REFERENCES other (id)",
				)
				err = write("staff", true, []any{6, nil, 0, 77})
				require.Equal(
					t, uint16(1452), mysqlerr.NumberOf(err), "a foreign key that was added after the plan counts: %v",
					err,
				)
			})
		}
	})
}

// oneWriter writes chunks of rows, in their order in the table, over one connection.
func oneWriter(
	t *testing.T, s *servers.Server, schema string, load bool,
) func(name string, refers bool, rows ...[]any) error {
	t.Helper()
	db, err := mysqldb.Open(
		t.Context(), s.DSN(""), mysqldb.Options{Role: mysqldb.Target, Name: "target", MaxOpen: 1},
	)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return func(name string, refers bool, rows ...[]any) error {
		target := dbtest.Introspect(t, db, schema, name)
		spec := upsert.Spec{
			Target: target, Columns: table.Carried(target.Values()), RefersToItself: refers, BulkLoad: load,
		}
		chunk := table.NewRows(len(spec.Columns))
		for _, row := range rows {
			for _, v := range row {
				if v == nil {
					chunk.AppendNull()
				} else {
					chunk.Append(fmt.Append(nil, v))
				}
			}
		}
		_, err := upsert.WriteChunk(t.Context(), db, spec, chunk, nil)
		return err
	}
}

// Where a foreign key of a target to itself cannot be left unchecked, the plan says why, and what to drop.
func TestSelfReferencesThatCannotBeLeftUncheckedAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for why, c := range map[string]struct {
			source, target string
			more           []string
			replace        bool
		}{
			"place would not be checked either": {
				"CREATE TABLE c (id INT PRIMARY KEY, up INT, room INT, CONSTRAINT up FOREIGN KEY (up) REFERENCES c " +
					"(id))",
				"CREATE TABLE c (id INT PRIMARY KEY, up INT, room INT, CONSTRAINT up FOREIGN KEY (up) REFERENCES c " +
					"(id), CONSTRAINT place FOREIGN KEY (room) REFERENCES rooms (id))",
				[]string{"CREATE TABLE rooms (id INT PRIMARY KEY)"},
				false,
			},
			"refers by a unique key": {
				"CREATE TABLE c (id INT PRIMARY KEY, code INT, up INT, UNIQUE KEY (code), CONSTRAINT up FOREIGN KEY " +
					"(up) REFERENCES c (code))", "", nil, false,
			},
			"the source does not keep it": {
				"CREATE TABLE c (id INT PRIMARY KEY, up INT)",
				"CREATE TABLE c (id INT PRIMARY KEY, up INT, CONSTRAINT up FOREIGN KEY (up) REFERENCES c (id))",
				nil, false,
			},
			"uniqueConflicts: replace": {
				"CREATE TABLE c (id INT PRIMARY KEY, up INT, UNIQUE KEY (up), CONSTRAINT up FOREIGN KEY (up) " +
					"REFERENCES c (id))", "", nil, true,
			},
		} {
			p := dbtest.NewPair(t, s, s)
			p.AtSource(c.source)
			if c.target == "" {
				c.target = c.source
			}
			p.AtTarget(append(c.more, c.target)...)
			plan := func() target.Diff {
				plan, err := target.New(p.Dst).Compare(t.Context(), p.Src, dbtest.Introspect(
					t, p.Src, p.From, "c",
				), table.Name{Schema: p.To, Table: "c"},
					target.Options{Create: true, Contract: dbtest.Follows, Replace: c.replace})
				require.NoError(t, err)
				require.False(t, plan.RefersToItself, why)
				return plan
			}
			got := plan()
			require.True(t, got.Refused(), why)
			require.Contains(t, got.Findings[0].Text, why)
			require.Contains(t, got.Findings[0].Remedy, "DROP FOREIGN KEY `up`")
			p.AtTarget(got.Findings[0].Remedy) // which is true
			require.False(t, plan().Refused(), "%s: %+v", why, plan().Findings)
		}
	})
}
