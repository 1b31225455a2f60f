package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestTableDescribesColumnsKeysAndConstraints(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schemaName := s.Schema(t)
		admin := dbtest.Lenient(t, s, schemaName)
		dbtest.Exec(t, admin, "CREATE TABLE parent (id INT PRIMARY KEY)", "CREATE TABLE `t``; DROP TABLE x;--` ("+
			"b INT NOT NULL, a BIGINT UNSIGNED NOT NULL, c VARCHAR(20) COLLATE utf8mb4_bin COMMENT 'it''s', d "+
			"DECIMAL(10,2), e ENUM('x','y''s'),"+
			"f TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), g BIGINT UNSIGNED "+
			"AS (a + 1) STORED, h SET('p','q'), i INT INVISIBLE, j BIT(9),"+
			"k VARCHAR(9) CHARACTER SET sjis, PRIMARY KEY (a, b), UNIQUE KEY u (c(5), d), KEY downwards (d DESC),"+
			"CONSTRAINT fk_"+schemaName+" FOREIGN KEY (b) REFERENCES parent (id) ON UPDATE CASCADE, CONSTRAINT ck_"+
			schemaName+" CHECK (a > 0)"+
			") DEFAULT CHARSET=latin1 COMMENT='about'")
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		got := dbtest.Introspect(t, db, schemaName, "t`; DROP TABLE x;--")
		require.Equal(t, []string{"a", "b"}, got.PrimaryKey)
		require.Equal(t, "about|latin1|latin1_swedish_ci|InnoDB",
			got.Comment+"|"+got.Charset+"|"+got.Collation+"|"+got.Engine)
		require.Equal(t, []string{"fk_" + schemaName}, got.ForeignKeys)
		require.Equal(t, []string{"fk_" + schemaName}, got.Cascades)
		require.Equal(t, []string{"ck_" + schemaName}, got.Checks)
		require.False(t, got.Partitioned)

		c := got.Column("c")
		require.Equal(t, "it's", c.Comment)
		require.Equal(t, table.Column{
			Name: "c", Type: "varchar(20)", Kind: table.KindString, Length: 20, Charset: "utf8mb4",
			Collation: "utf8mb4_bin", Nullable: true,
		}, c.Column)
		require.Equal(t, table.KindUint, got.Column("a").Kind)
		require.Equal(t, 64, got.Column("a").Bits)
		require.Equal(t, []int{10, 2}, []int{got.Column("d").Precision, got.Column("d").Scale})
		require.Equal(t, []string{"x", "y's"}, got.Column("e").Members)
		require.Equal(t, 3, got.Column("f").Precision)
		require.Regexp(t, `(?i)^current_timestamp\(3\)$`, got.Column("f").OnUpdate)
		require.Regexp(t, `(?i)^current_timestamp\(3\)$`, *got.Column("f").Default)
		require.True(t, got.Column("g").Generated && got.Column("g").Stored)
		require.Contains(t, got.Column("g").Expression, "`a` + 1")
		require.True(t, got.Column("i").Invisible)
		require.Equal(t, 9, got.Column("j").Bits)
		require.True(t, got.Column("k").RawCharset)
		require.Nil(t, got.Column("d").Default)

		byName := map[string]schema.Index{}
		for _, ix := range got.Indexes {
			byName[ix.Name] = ix
		}
		require.Equal(t, []schema.IndexColumn{{Column: "c", Prefix: 5}, {Column: "d"}}, byName["u"].Columns)
		require.True(t, byName["u"].Unique)
		require.True(t, byName["downwards"].Columns[0].Desc)
	})
}

// MariaDB sends the year 2000 of a YEAR(2) as 00, and takes a 0 for the year 0000.
func TestAYearOfTwoDigitsIsNotCarried(t *testing.T) {
	s := servers.MariaDB(t)
	name := s.Schema(t)
	dbtest.Exec(t, dbtest.Lenient(t, s, name), "CREATE TABLE y (id INT PRIMARY KEY, two YEAR(2), four YEAR)")
	columns := dbtest.Introspect(t, dbtest.Open(t, s, mysqldb.Options{Name: "src"}), name, "y").Columns
	require.Equal(t, table.KindUnsupported, columns[1].Kind)
	require.Equal(t, table.KindYear, columns[2].Kind)
}

// A default that is written down again and introspected again must be the same.
func TestDefaultsAndExpressionsSurviveBeingWrittenDown(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for i, c := range []string{
			`VARCHAR(40) DEFAULT 'it''s \\ "q"'`, `VARCHAR(40) NOT NULL DEFAULT ''`, `INT DEFAULT -5`,
			`DECIMAL(9,2) DEFAULT 1.5`, `DOUBLE DEFAULT 1e10`,
			`BIT(5) DEFAULT b'101'`, `VARBINARY(9) DEFAULT 'ab'`, `VARBINARY(9) DEFAULT ''`,
			`ENUM('a','b''c','') DEFAULT 'b''c'`, `SET('x','y') DEFAULT 'x,y'`,
			`DATETIME(2) DEFAULT CURRENT_TIMESTAMP(2)`, `DATE DEFAULT '0000-00-00'`, `TIME(3) DEFAULT '10:00:00'`,
			`YEAR DEFAULT 2020`, `TEXT DEFAULT ('hi')`,
			`VARCHAR(80) DEFAULT (CONCAT('a\'b', '\\', 'ü€'))`, `INT DEFAULT (1 + 2)`,
			`DATETIME DEFAULT ('2024-01-01 00:00:00')`, `INT`, `INT NOT NULL`,
			`VARCHAR(40) DEFAULT 'NULL'`, `VARCHAR(40) DEFAULT 'CURRENT_TIMESTAMP'`,
		} {
			first, second := "first_"+string(rune('a'+i)), "second_"+string(rune('a'+i))
			dbtest.Exec(t, admin, "CREATE TABLE "+first+" (id INT PRIMARY KEY, v "+c+")")
			col := dbtest.Introspect(t, db, schema, first).Columns[1]
			ddl := col.Type
			if !col.Nullable {
				ddl += " NOT NULL"
			}
			if col.Default != nil {
				ddl += " DEFAULT " + *col.Default
			}
			dbtest.Exec(t, admin, "CREATE TABLE "+second+" (id INT PRIMARY KEY, v "+ddl+")")
			again := dbtest.Introspect(t, db, schema, second).Columns[1]
			require.Equal(t, col, again, c)
			if col.Default != nil || col.Nullable {
				dbtest.Exec(t, admin, "SET timestamp = 1700000000", "INSERT INTO "+first+" (id) VALUES (1)",
					"INSERT INTO "+second+" (id) VALUES (1)", "SET timestamp = DEFAULT")
				require.Equal(t, dbtest.Texts(t, admin, "SELECT v FROM "+first),
					dbtest.Texts(t, admin, "SELECT v FROM "+second), c)
			}
		}
		dbtest.Exec(t, admin,
			`CREATE TABLE g1 (a VARCHAR(9) PRIMARY KEY, g VARCHAR(40) AS (CONCAT(a, 'x''\\')) STORED)`)
		expr := dbtest.Introspect(t, db, schema, "g1").Columns[1].Expression
		dbtest.Exec(t, admin, "CREATE TABLE g2 (a VARCHAR(9) PRIMARY KEY, g VARCHAR(40) AS ("+expr+") STORED)",
			"INSERT INTO g2 (a) VALUES ('1')")
		require.Equal(t, []string{`1x'\`}, dbtest.Texts(t, admin, "SELECT g FROM g2"))
	})
}

func TestTableOfWhatIsNoTable(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schemaName := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schemaName), "CREATE VIEW v AS SELECT 1 AS one")
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		_, err := schema.Read(t.Context(), db, table.Name{Schema: schemaName, Table: "nothing"})
		require.ErrorIs(t, err, schema.ErrNotFound)
		require.ErrorContains(t, err, schemaName+".nothing")
		_, err = schema.Read(t.Context(), db, table.Name{Schema: schemaName, Table: "v"})
		require.ErrorIs(t, err, schema.ErrNotABaseTable)
		_, err = schema.Read(t.Context(), db, table.Name{Schema: "information_schema", Table: "TABLES"})
		require.ErrorIs(t, err, schema.ErrNotABaseTable)
	})
}

func TestSpatialReferencesAndFunctionalIndexes(t *testing.T) {
	mysql, maria := servers.MySQL(t), servers.MariaDB(t)
	schemaName := mysql.Schema(t)
	dbtest.Exec(t, mysql.DB(t, schemaName), "CREATE TABLE t (id INT PRIMARY KEY, p POINT NOT NULL SRID 4326, v "+
		"VARCHAR(9), SPATIAL KEY (p), KEY f ((CONCAT(v, 'x\\''))), KEY hidden (v) INVISIBLE)")
	got := dbtest.Introspect(t, dbtest.Open(t, mysql, mysqldb.Options{}), schemaName, "t")
	require.EqualValues(t, 4326, *got.Column("p").SRID)
	for _, ix := range got.Indexes {
		switch ix.Name {
		case "f":
			require.Equal(t, "concat(`v`,_utf8mb4'x\\'')", ix.Columns[0].Expression)
		case "hidden":
			require.True(t, ix.Invisible)
		case "p":
			require.Equal(t, "SPATIAL", ix.Type)
		}
	}
	require.Empty(t, schema.CursorIndex(got, "v"))

	schemaName = maria.Schema(t)
	dbtest.Exec(t, maria.DB(t, schemaName), "CREATE TABLE t (id UUID PRIMARY KEY, p POINT REF_SYSTEM_ID=4326 NOT "+
		"NULL, i INET6, j JSON, SPATIAL KEY (p))")
	got = dbtest.Introspect(t, dbtest.Open(t, maria, mysqldb.Options{}), schemaName, "t")
	require.Nil(t, got.Column("p").SRID, "the server enforces none")
	require.Equal(t, table.KindUUID, got.Column("id").Kind)
	require.Equal(t, table.KindInet, got.Column("i").Kind)
	require.Equal(t, table.KindString, got.Column("j").Kind)
	require.Empty(t, got.Checks)
}
