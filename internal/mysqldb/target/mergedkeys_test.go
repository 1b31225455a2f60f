package target_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A server may lack each collation under which the keys of a source stay apart: then the target is not created.
func TestACreatedTargetKeepsKeysApart(t *testing.T) {
	p := dbtest.NewPair(t, servers.MariaDB(t), servers.MySQL(t))
	const spaces = "could become one row"
	for i, c := range []struct {
		column  string
		refused bool
	}{
		{"VARCHAR(9) CHARACTER SET cp1251 COLLATE cp1251_general_nopad_ci", true},
		{"VARCHAR(9) CHARACTER SET ascii COLLATE ascii_nopad_bin", true},
		{"VARCHAR(9) CHARACTER SET cp1251 COLLATE cp1251_general_ci", false},
		{"CHAR(9) CHARACTER SET cp1251 COLLATE cp1251_general_nopad_ci", false}, // it has no trailing space
		{"VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_swedish_nopad_ci", false},
	} {
		name := fmt.Sprintf("c%d", i)
		p.AtSource("CREATE TABLE "+name+" (k "+c.column+" PRIMARY KEY)", "INSERT INTO "+name+" VALUES ('a'), ('b')")
		if c.refused {
			p.AtSource("INSERT INTO " + name + " VALUES ('a ')")
			refuses(p, name, "k", spaces)
			continue
		}
		p.Apply(name)
		p.CopyRows(name, "")
	}

	p.AtSource("CREATE TABLE u (id INT PRIMARY KEY, u VARCHAR(9) CHARACTER SET gbk COLLATE " +
		"gbk_chinese_nopad_ci UNIQUE)")
	plan := p.Plan("u")
	require.False(t, plan.Refused(), "%+v", plan.Findings)
	dbtest.Says(t, plan, "u", spaces+" (unique key u), which stops the run when it happens")
	plan, err := target.New(p.Dst).Compare(t.Context(), p.Src, dbtest.Introspect(t, p.Src, p.From, "u"),
		table.Name{Schema: p.To, Table: "u"}, target.Options{Create: true, Replace: true})
	require.NoError(t, err)
	require.True(t, plan.Refused()) // the two rows would push each other out
}

// A key of an ENUM or a SET is a number. As text, two of its values may be one.
func TestAKeyOfMembersIsNoTextThatMerges(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		const cased, ignoring = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", " CHARACTER SET utf8mb4 COLLATE " +
			"utf8mb4_general_ci"
		for i, c := range []struct {
			source, target string
			refused        bool
		}{
			{"ENUM('a','A')" + cased, "VARCHAR(9)" + ignoring, true},
			{"SET('a','A')" + cased, "VARCHAR(9)" + ignoring, true},
			{"ENUM('','a')" + cased, "VARCHAR(9)" + cased, true},
			{"ENUM('a','A')" + cased, "VARCHAR(9)" + cased, false},
			{"ENUM('a','b')" + ignoring, "VARCHAR(9)" + ignoring, false},
			{"ENUM('','a')" + cased, "ENUM('','a')" + ignoring, false},
		} {
			name := fmt.Sprintf("m%d", i)
			p.AtSource("CREATE TABLE "+name+" (k "+c.source+" PRIMARY KEY)",
				"INSERT INTO "+name+" VALUES (0), (1), (2)")
			p.AtTarget("CREATE TABLE " + name + " (k " + c.target + " PRIMARY KEY)")
			if c.refused {
				refuses(p, name, "k", "two different keys could become one row")
				continue
			}
			require.False(t, p.Plan(name).Refused(), "%+v: %+v", c, p.Plan(name).Findings)
			p.CopyRows(name, "")
		}

		// The same by columns.type, of a target that is created.
		source := dbtest.Introspect(t, p.Src, p.From, "m2")
		declared, err := schema.ParseType("varchar(9)", source.Column("k").Column)
		require.NoError(t, err)
		source.Column("k").As = &declared
		plan, err := target.New(p.Dst).Compare(t.Context(), p.Src, source, table.Name{Schema: p.To, Table: "declared"},
			target.Options{Create: true})
		require.NoError(t, err)
		require.True(t, plan.Refused())
		dbtest.Says(t, plan, "k", "has an empty member at the source")
	})
}

// The error value of an ENUM is what the source prints of it, where the target keeps text.
func TestAnErrorValueIsKeptAsTheTextThatTheSourcePrints(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE e (id INT PRIMARY KEY, e ENUM('','a'), plain ENUM('a'), n INT)",
			"INSERT INTO e VALUES (1, 0, 0, 1), (2, '', 'a', 1), (3, 'a', NULL, 1), (4, NULL, 'a', 1)")
		p.AtTarget("CREATE TABLE e (id INT PRIMARY KEY, e VARCHAR(5), plain VARCHAR(5), n INT)")
		const bytes = "SELECT CONCAT(id, ' ', IFNULL(HEX(e), 'NULL'), ' ', IFNULL(HEX(plain), 'NULL')) " +
			"FROM e ORDER BY id"
		p.Write("e", "n")
		require.Equal(t, dbtest.Texts(t, p.Source.DB(t, p.From), bytes), dbtest.Texts(t, p.Target.DB(t, p.To), bytes))
	})
}
