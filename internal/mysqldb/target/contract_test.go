package target_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A new column of the source is added, left out, or refused, as the contract says.
func TestAContractSaysWhatBecomesOfNewColumns(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE n (id INT PRIMARY KEY, v INT, later INT, KEY (later))",
			"INSERT INTO n VALUES (1, 2, 3)")
		p.AtTarget("CREATE TABLE n (id INT PRIMARY KEY, v INT)")

		p.Contract.NewColumns = table.ContractFail
		require.True(t, p.Plan("n").Refused())
		dbtest.Says(t, p.Plan("n"), "later", "is missing on the target")

		p.Contract.NewColumns = table.ContractIgnore
		plan := p.Plan("n")
		require.False(t, plan.Refused(), "%+v", plan.Findings)
		require.Empty(t, plan.Statements)
		require.Equal(t, []string{"id", "v"}, names(plan.Columns))
		dbtest.Says(t, plan, "later", "not read: schema.newColumns is ignore")
		p.Write("n", "")

		p.Contract.NewColumns = table.ContractAdd
		require.Len(t, p.Apply("n").Statements, 1)
		require.Equal(t, []string{"id", "v", "later"}, names(p.Plan("n").Columns))
	})
}

func names(columns []table.Column) (out []string) {
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

// A column that only the target has stays, or is refused.
func TestAContractSaysWhatBecomesOfDroppedColumns(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE d (id INT PRIMARY KEY)")
		p.AtTarget("CREATE TABLE d (id INT PRIMARY KEY, was INT)")
		require.False(t, p.Plan("d").Refused())
		p.Contract.Dropped = table.ContractFail
		require.False(t, p.Plan("d").Refused(), "a column of the target's own is nothing that the source has dropped")
		p.Had = []string{"ID", "WAS"}
		require.True(t, p.Plan("d").Refused())
		dbtest.Says(t, p.Plan("d"), "was", "schema.dropped is fail")
	})
}

// What the contract does not let be widened is refused with the statement, and so is a copy of too many rows.
func TestAContractBoundsWhatIsWidened(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE w (id INT PRIMARY KEY, n BIGINT, v VARCHAR(20))",
			"CREATE TABLE x (id INT PRIMARY KEY, n INT, v VARCHAR(20))")
		p.AtTarget("CREATE TABLE w (id INT PRIMARY KEY, n INT, v VARCHAR(10))",
			"INSERT INTO w VALUES (1, 1, ''), (2, 2, ''), (3, 3, '')", "ANALYZE TABLE w",
			"CREATE TABLE x AS SELECT * FROM w", "ALTER TABLE x ADD PRIMARY KEY (id)", "ANALYZE TABLE x")
		p.Contract.MaxCopyRows = 2
		refuses(p, "w", "n", "copies about 3 rows (ALGORITHM=COPY)")
		require.Contains(t, p.Plan("w").Findings[0].Remedy, "ALTER TABLE `"+p.To+"`.`w` MODIFY COLUMN `n` bigint")

		// What copies nothing has no bound, and never becomes a copy in silence.
		plan := p.Apply("x")
		require.Len(t, plan.Statements, 1)
		require.NotContains(t, plan.Statements[0], "ALGORITHM=COPY")
		require.Contains(t, plan.Statements[0], "ALGORITHM=IN")

		p.Contract.MaxCopyRows = 3
		dbtest.Says(t, p.Plan("w"), "", "n, v (ALGORITHM=COPY)")
		p.Contract.Widened = table.ContractFail
		refuses(p, "w", "n", "schema.widened is fail")
		p.Contract.Widened = table.ContractAlter
		p.Apply("w")
	})
}

// What a plan says of an algorithm is what the server does, or dearer where that is not sure.
func TestTheAlgorithmOfAPlanIsTaken(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		for i, w := range widenings {
			name := "a" + strings.Repeat("x", i)
			p.AtSource("CREATE TABLE " + name + " (id INT PRIMARY KEY, c " + w.is + ") CHARACTER SET utf8mb4")
			p.AtTarget("CREATE TABLE "+name+" (id INT PRIMARY KEY, c "+w.was+") CHARACTER SET utf8mb4",
				"CREATE TABLE scratch_"+name+" LIKE "+name)
			plan := p.Plan(name)
			require.Len(t, plan.Statements, 1, w.is)
			said := "COPY"
			if _, word, ok := strings.Cut(plan.Statements[0], "ALGORITHM="); ok {
				said = word
			}
			onScratch := strings.Replace(plan.Statements[0], "`"+name+"`", "`scratch_"+name+"`", 1)
			for _, word := range []string{"INSTANT", "INPLACE", "COPY"} {
				_, err := dbtest.Lenient(t, s, p.To).ExecContext(t.Context(),
					strings.TrimSuffix(onScratch, ",\n  ALGORITHM="+said)+", ALGORITHM="+word)
				if err == nil {
					break
				}
				require.NotEqual(t, word, said, "%s → %s: %v", w.was, w.is, err)
			}
		}
	})
}
