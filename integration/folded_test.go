package integration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// Two tables of the source that differ by letter case are one table to a server that folds names.
func TestTablesThatDifferByCaseAreNotMixed(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			folding := servers.Private(t, flavor, "--lower-case-table-names=1")
			for name, tables := range map[string]string{
				"entries": "- { name: FROM.Users, target: TO.Users }\n- { name: FROM.users, target: TO.users }",
				"family":  "- { name: FROM.*, target: TO.* }",
			} {
				t.Run(name, func(t *testing.T) {
					p := start(t, options{target: folding, tables: tables})
					exec(t, p.src, "CREATE TABLE Users (id INT PRIMARY KEY, v INT)",
						"CREATE TABLE users (id INT PRIMARY KEY, v INT)", "CREATE TABLE Other (id INT PRIMARY KEY)",
						"INSERT INTO Users VALUES (1, 1)", "INSERT INTO users VALUES (1, 2), (2, 2)",
						"INSERT INTO Other VALUES (1)")
					require.EqualValues(t, 1, p.sync("Users").Inserted)
					_, err := p.try(workflows.SyncTableInput{Table: p.table("users")})
					requireFailure(t, err, failure.UnsupportedTable, p.from+".Users", "letter case", "another target")
					require.Equal(t, "1", scalar(t, p.dst, "SELECT SUM(v) FROM users"))
					require.EqualValues(t, 1, p.sync("Users").Unchanged)
					if name == "family" {
						require.EqualValues(t, 1, p.sync("Other").Inserted)
					}
				})
			}
		})
	}
}
