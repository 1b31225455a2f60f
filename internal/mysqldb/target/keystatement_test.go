package target_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The statement that a plan says for a target with another key can be executed, and the next plan is content.
func TestTheStatementForAnotherKeyOfTheTargetWorks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE k (id INT PRIMARY KEY, v INT NOT NULL, w INT NOT NULL)")
		source := dbtest.Introspect(t, p.Src, p.From, "k")
		for name, c := range map[string]struct {
			source  *schema.Table
			keys    string
			remains []string
		}{
			"a history's old key":        {source.History("v"), "PRIMARY KEY (id)", []string{"PRIMARY"}},
			"a history's old unique key": {source.History("v"), "UNIQUE KEY old (id)", []string{"PRIMARY"}},
			"a primary key of its own":   {source, "PRIMARY KEY (w)", []string{"PRIMARY", "id"}},
			"none":                       {source, "KEY (w)", []string{"PRIMARY", "w"}},
		} {
			t.Run(name, func(t *testing.T) {
				p.AtTarget("DROP TABLE IF EXISTS k",
					"CREATE TABLE k (id INT NOT NULL, v INT NOT NULL, w INT NOT NULL, "+c.keys+")")
				there := dbtest.Introspect(t, p.Dst, p.To, "k")
				p.AtTarget(target.KeyStatement(c.source, there))
				plan, err := target.New(p.Dst).Compare(t.Context(), p.Src, c.source,
					table.Name{Schema: p.To, Table: "k"}, target.Options{Contract: p.Contract})
				require.NoError(t, err)
				require.False(t, plan.Refused(), "%+v", plan.Findings)
				var remains []string
				for _, i := range dbtest.Introspect(t, p.Dst, p.To, "k").Indexes {
					remains = append(remains, i.Name)
				}
				require.ElementsMatch(t, c.remains, remains)
			})
		}
	})
}
