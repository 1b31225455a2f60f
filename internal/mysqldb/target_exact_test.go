package mysqldb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// says asserts a finding about a column.
func says(t *testing.T, plan mysqldb.TargetPlan, column, text string) {
	t.Helper()
	require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Column == column && strings.Contains(f.Text, text)
	}), "%s: %s: %+v", column, text, plan.Findings)
}

// A member that the catalogs cannot spell arrives as any other does, in columns that are created
// and in columns that are there.
func TestMembersWithAQuestionMarkArrive(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE m (id INT PRIMARY KEY, e ENUM('?','😀','yes') NOT NULL, s SET('a','?','😀')) CHARACTER SET utf8mb4",
			"INSERT INTO m VALUES (1, '?', 'a'), (2, '😀', 'a,😀'), (3, 'yes', '?,😀'), (4, 'yes', NULL)")
		p.apply("m")
		p.copyRows("m", "")
		p.atTarget("ALTER TABLE m MODIFY s SET('a','?','😁') CHARACTER SET utf8mb4")
		p.refuses("m", "s", `member "😀" is missing`)
	})
}

// MyISAM and Aria count within a group; InnoDB does not, and the rows bring their numbers along.
func TestAutoIncrementThatBeginsNoIndexIsAPlainColumn(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		engines := []string{"MyISAM"}
		if p.source.Flavor == servers.FlavorMariaDB {
			engines = append(engines, "Aria")
		}
		for _, engine := range engines {
			p.atSource("DROP TABLE IF EXISTS animals", "CREATE TABLE animals (grp ENUM('fish','bird') NOT NULL, id MEDIUMINT NOT NULL AUTO_INCREMENT, name CHAR(30), PRIMARY KEY (grp, id)) ENGINE="+engine,
				"INSERT INTO animals (grp, name) VALUES ('bird','owl'), ('fish','eel'), ('bird','emu')")
			p.atTarget("DROP TABLE IF EXISTS animals")
			says(t, p.apply("animals"), "id", "without AUTO_INCREMENT")
			p.copyRows("animals", "")
		}
	})
}

func TestAKeyThatTheServerHasMadeAndHidesIsAKey(t *testing.T) {
	s := servers.Private(t, servers.FlavorMySQL, "--show-gipk-in-create-table-and-information-schema=OFF", "--sql-generate-invisible-primary-key=ON")
	for _, target := range []*servers.Server{s, servers.MariaDB(t)} {
		p := newPair(t, s, target)
		p.atSource("CREATE TABLE g (a INT)", "INSERT INTO g VALUES (1), (1), (NULL)")
		require.Equal(t, []string{"my_row_id"}, introspect(t, p.src, p.from, "g").PrimaryKey)
		p.apply("g")
		p.copyRows("g", "")
	}
}

// MariaDB puts the declared ROW END into every unique key, where no row of today needs it.
func TestTablesWithDeclaredPeriodColumnsAreCarried(t *testing.T) {
	for _, target := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		t.Run("to "+string(target.Flavor), func(t *testing.T) {
			p := newPair(t, servers.MariaDB(t), target)
			p.atSource("CREATE TABLE v (id INT, n INT, began TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ended TIMESTAMP(6) GENERATED ALWAYS AS ROW END,"+
				" PRIMARY KEY (id), UNIQUE KEY n (n), KEY began (began), PERIOD FOR SYSTEM_TIME (began, ended)) WITH SYSTEM VERSIONING",
				"INSERT INTO v (id, n) VALUES (1, 10), (2, 20)", "UPDATE v SET n = 11 WHERE id = 1", "DELETE FROM v WHERE id = 2")
			source := introspect(t, p.src, p.from, "v")
			require.Equal(t, []string{"id"}, source.PrimaryKey)
			says(t, p.apply("v"), "ended", "is not created on the target")
			p.copyRows("v", "")
			require.Equal(t, []string{"1-11"}, texts(t, lenient(t, p.target, p.to), "SELECT CONCAT_WS('-', id, n) FROM v"))
		})
	}
}

func TestDefaultsThatOnlyTheSourceCanComputeAreLeftOut(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		strange := "UUID_TO_BIN(UUID())"
		if p.source.Flavor == servers.FlavorMariaDB {
			strange = "NATURAL_SORT_KEY('a')" // 10.7 and later
		}
		p.atSource("CREATE TABLE d (id INT PRIMARY KEY, b VARBINARY(99) NOT NULL DEFAULT ("+strange+"), c INT DEFAULT (id + 1), later INT) CHARACTER SET utf8mb4",
			"INSERT INTO d (id) VALUES (1), (2)")
		plan := p.apply("d")
		target := introspect(t, p.dst, p.to, "d")
		require.NotNil(t, target.Column("c").Default)
		if p.source.Flavor == p.target.Flavor {
			require.NotNil(t, target.Column("b").Default)
		} else {
			require.Nil(t, target.Column("b").Default)
			says(t, plan, "b", "its default is not created on the target")
		}
		p.copyRows("d", "")
		if strange == "UUID_TO_BIN(UUID())" {
			strange = "UUID_TO_BIN('12345678-1234-1234-1234-123456789012')" // an ALTER may not use what differs on a replica
		}
		p.atSource("ALTER TABLE d ADD x VARBINARY(99) DEFAULT (" + strange + ")")
		p.apply("d")
	})
}

func TestVectorsMayHaveFewerEntriesThanDeclared(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		if p.source.Flavor != servers.FlavorMySQL {
			return // MariaDB has vectors of their whole length only
		}
		p.atSource("CREATE TABLE v (id INT PRIMARY KEY, v VECTOR(4))", "INSERT INTO v VALUES (1, TO_VECTOR('[1,2,3,4]')), (2, TO_VECTOR('[1]')), (3, NULL)")
		p.apply("v")
		p.copyRows("v", "")
		column := introspect(t, p.dst, p.to, "v").Column("v").Type
		if p.target.Flavor == servers.FlavorMariaDB {
			require.Equal(t, "varbinary(16)", column)
		} else {
			require.Equal(t, "vector(4)", column)
		}
	})
}

// A TIMESTAMP of MariaDB 11.5 and later goes on after 2038, where others end.
func TestLateTimestampsBecomeDateTimes(t *testing.T) {
	source := servers.MariaDB(t)
	p := newPair(t, source, servers.MySQL(t))
	p.atSource("CREATE TABLE l (id INT PRIMARY KEY, late TIMESTAMP(3) NULL, soon TIMESTAMP NULL)")
	late := open(t, source, mysqldb.Options{Role: mysqldb.Source, Name: "source"}).Server.AtLeast(11, 5, 0)
	if late {
		p.atSource("INSERT INTO l VALUES (1, '2100-02-03 04:05:06.789', '2024-01-01'), (2, NULL, '2038-01-19 03:14:07')")
	}
	p.apply("l")
	target := introspect(t, p.dst, p.to, "l")
	require.Equal(t, table.KindTimestamp, target.Column("soon").Kind)
	if late {
		require.Equal(t, "datetime(3)", target.Column("late").Type)
	}
	p.copyRows("l", "")
	p.atTarget("ALTER TABLE l MODIFY late DATETIME(3)")
	says(t, p.apply("l"), "late", "is a DATETIME on the target")
	p.copyRows("l", "")
}
