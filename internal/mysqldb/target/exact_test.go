package target_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A member that the catalogs cannot spell arrives as any other does, in columns that are created
// and in columns that are there.
func TestMembersWithAQuestionMarkArrive(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE m (id INT PRIMARY KEY, e ENUM('?','😀','yes') NOT NULL, s SET('a','?','😀')) "+
			"CHARACTER SET utf8mb4",
			"INSERT INTO m VALUES (1, '?', 'a'), (2, '😀', 'a,😀'), (3, 'yes', '?,😀'), (4, 'yes', NULL)")
		p.Apply("m")
		p.CopyRows("m", "")
		p.AtTarget("ALTER TABLE m MODIFY s SET('a','?','😁') CHARACTER SET utf8mb4")
		refuses(p, "m", "s", `member "😀" is missing`)
	})
}

// MyISAM and Aria count within a group; InnoDB does not, and the rows bring their numbers along.
func TestAutoIncrementThatBeginsNoIndexIsAPlainColumn(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		engines := []string{"MyISAM"}
		if p.Source.Flavor == servers.FlavorMariaDB {
			engines = append(engines, "Aria")
		}
		for _, engine := range engines {
			p.AtSource("DROP TABLE IF EXISTS animals", "CREATE TABLE animals (grp ENUM('fish','bird') NOT NULL, id "+
				"MEDIUMINT NOT NULL AUTO_INCREMENT, name CHAR(30), PRIMARY KEY (grp, id)) ENGINE="+engine,
				"INSERT INTO animals (grp, name) VALUES ('bird','owl'), ('fish','eel'), ('bird','emu')")
			p.AtTarget("DROP TABLE IF EXISTS animals")
			dbtest.Says(t, p.Apply("animals"), "id", "without AUTO_INCREMENT")
			p.CopyRows("animals", "")
		}
	})
}

func TestAKeyThatTheServerHasMadeAndHidesIsAKey(t *testing.T) {
	s := servers.Private(
		t, servers.FlavorMySQL, "--show-gipk-in-create-table-and-information-schema=OFF",
		"--sql-generate-invisible-primary-key=ON",
	)
	for _, target := range []*servers.Server{s, servers.MariaDB(t)} {
		p := dbtest.NewPair(t, s, target)
		p.AtSource("CREATE TABLE g (a INT)", "INSERT INTO g VALUES (1), (1), (NULL)")
		require.Equal(t, []string{"my_row_id"}, dbtest.Introspect(t, p.Src, p.From, "g").PrimaryKey)
		p.Apply("g")
		p.CopyRows("g", "")
	}
}

// MariaDB puts the declared ROW END into every unique key, where no row of today needs it.
func TestTablesWithDeclaredPeriodColumnsAreCarried(t *testing.T) {
	for _, target := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		t.Run("to "+string(target.Flavor), func(t *testing.T) {
			p := dbtest.NewPair(t, servers.MariaDB(t), target)
			p.AtSource("CREATE TABLE v (id INT, n INT, began TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ended "+
				"TIMESTAMP(6) GENERATED ALWAYS AS ROW END,"+
				" PRIMARY KEY (id), UNIQUE KEY n (n), KEY began (began), PERIOD FOR SYSTEM_TIME (began, ended)) "+
				"WITH SYSTEM VERSIONING",
				"INSERT INTO v (id, n) VALUES (1, 10), (2, 20)", "UPDATE v SET n = 11 WHERE id = 1",
				"DELETE FROM v WHERE id = 2")
			source := dbtest.Introspect(t, p.Src, p.From, "v")
			require.Equal(t, []string{"id"}, source.PrimaryKey)
			dbtest.Says(t, p.Apply("v"), "ended", "is not created on the target")
			p.CopyRows("v", "")
			require.Equal(
				t, []string{"1-11"},
				dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), "SELECT CONCAT_WS('-', id, n) FROM v"),
			)
		})
	}
}

func TestDefaultsThatOnlyTheSourceCanComputeAreLeftOut(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		strange := "UUID_TO_BIN(UUID())"
		if p.Source.Flavor == servers.FlavorMariaDB {
			strange = "NATURAL_SORT_KEY('a')" // 10.7 and later
		}
		p.AtSource("CREATE TABLE d (id INT PRIMARY KEY, b VARBINARY(99) NOT NULL DEFAULT ("+
			strange+"), c INT DEFAULT (id + 1), later INT) CHARACTER SET utf8mb4",
			"INSERT INTO d (id) VALUES (1), (2)")
		plan := p.Apply("d")
		target := dbtest.Introspect(t, p.Dst, p.To, "d")
		require.NotNil(t, target.Column("c").Default)
		if p.Source.Flavor == p.Target.Flavor {
			require.NotNil(t, target.Column("b").Default)
		} else {
			require.Nil(t, target.Column("b").Default)
			dbtest.Says(t, plan, "b", "its default is not created on the target")
		}
		p.CopyRows("d", "")
		if strange == "UUID_TO_BIN(UUID())" {
			// an ALTER may not use what differs on a replica
			strange = "UUID_TO_BIN('12345678-1234-1234-1234-123456789012')"
		}
		p.AtSource("ALTER TABLE d ADD x VARBINARY(99) DEFAULT (" + strange + ")")
		p.Apply("d")
	})
}

func TestVectorsMayHaveFewerEntriesThanDeclared(t *testing.T) {
	// MariaDB has vectors of their whole length only.
	servers.Each(t, func(t *testing.T, target *servers.Server) {
		p := dbtest.NewPair(t, servers.MySQL(t), target)
		p.AtSource(
			"CREATE TABLE v (id INT PRIMARY KEY, v VECTOR(4))",
			"INSERT INTO v VALUES (1, TO_VECTOR('[1,2,3,4]')), (2, TO_VECTOR('[1]')), (3, NULL)",
		)
		p.Apply("v")
		p.CopyRows("v", "")
		column := dbtest.Introspect(t, p.Dst, p.To, "v").Column("v").Type
		if p.Target.Flavor == servers.FlavorMariaDB {
			require.Equal(t, "varbinary(16)", column)
		} else {
			require.Equal(t, "vector(4)", column)
		}
	})
}

// A TIMESTAMP of MariaDB 11.5 and later goes on after 2038, where others end.
func TestLateTimestampsBecomeDateTimes(t *testing.T) {
	source := servers.MariaDB(t)
	p := dbtest.NewPair(t, source, servers.MySQL(t))
	p.AtSource("CREATE TABLE l (id INT PRIMARY KEY, late TIMESTAMP(3) NULL, soon TIMESTAMP NULL)")
	late := dbtest.Open(t, source, mysqldb.Options{Role: mysqldb.Source, Name: "source"}).Server.AtLeast(11, 5, 0)
	if late {
		p.AtSource(
			"INSERT INTO l VALUES (1, '2100-02-03 04:05:06.789', '2024-01-01'), (2, NULL, '2038-01-19 03:14:07')",
		)
	}
	p.Apply("l")
	target := dbtest.Introspect(t, p.Dst, p.To, "l")
	require.Equal(t, table.KindTimestamp, target.Column("soon").Kind)
	if late {
		require.Equal(t, "datetime(3)", target.Column("late").Type)
	}
	p.CopyRows("l", "")
	p.AtTarget("ALTER TABLE l MODIFY late DATETIME(3)")
	dbtest.Says(t, p.Apply("l"), "late", "is a DATETIME on the target")
	p.CopyRows("l", "")
}
