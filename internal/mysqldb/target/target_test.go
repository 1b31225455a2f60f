package target_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// everyType are columns that both flavors have, with rows of extremes.
const everyType = `CREATE TABLE every (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  t1 TINYINT, t2 TINYINT(1) UNSIGNED DEFAULT 1, s1 SMALLINT ZEROFILL, m1 MEDIUMINT UNSIGNED, i1 INT NOT NULL DEFAULT -7, b1 BIGINT, b2 BIGINT UNSIGNED,
  d1 DECIMAL(65,30), d2 DECIMAL(10,0) UNSIGNED DEFAULT 3, f1 FLOAT, f2 DOUBLE, bit1 BIT(1) DEFAULT b'1', bit64 BIT(64), y YEAR,
  da DATE DEFAULT '2024-01-01', dt DATETIME, dt6 DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  ts TIMESTAMP NULL, ts3 TIMESTAMP(3) NULL DEFAULT NULL, ti TIME, ti6 TIME(6),
  c CHAR(5), vc VARCHAR(50) DEFAULT 'it''s \\ "x"' COMMENT 'a ''comment'' \\ 😀', vl VARCHAR(20) CHARACTER SET latin1, vb VARCHAR(20) COLLATE utf8mb4_bin,
  v16 VARCHAR(20) CHARACTER SET utf16, v3 VARCHAR(20) CHARACTER SET utf8mb3, sj VARCHAR(20) CHARACTER SET sjis,
  tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT,
  bi BINARY(4), vbi VARBINARY(300) DEFAULT 'ab', tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB,
  e ENUM('a','b''c','d\\e','','日') DEFAULT 'b''c', e2 ENUM('x') , st SET('x','y y','z') DEFAULT 'x,z',
  g GEOMETRY, p POINT, ls LINESTRING,
  gv BIGINT AS (i1 * 2) VIRTUAL, gs VARCHAR(60) AS (concat(vl, '-', i1)) STORED, inv INT DEFAULT 4 INVISIBLE,
  j %s,
  PRIMARY KEY (id), UNIQUE KEY u (vc, i1), KEY k1 (dt6 DESC, b1), KEY k2 (tx(10)) COMMENT 'an index', FULLTEXT KEY ft (tx)
) DEFAULT CHARSET utf8mb4 COMMENT='all ''types'''`

func everyRows(geometry string) []string {
	bytes := ""
	for b := range 256 {
		bytes += fmt.Sprintf("%02x", b)
	}
	return []string{
		"INSERT INTO every (id, ts) VALUES (18446744073709551614, NULL)",
		`INSERT INTO every SET id = 1, t1 = -128, t2 = 255, s1 = 7, m1 = 16777215, i1 = -2147483648, b1 = -9223372036854775808, b2 = 18446744073709551615,
  d1 = -12345678901234567890123456789012345.123456789012345678901234567891, d2 = 9999999999, f1 = 0.1, f2 = 1.7976931348623157e308,
  bit1 = 0, bit64 = 18446744073709551615, y = 0, da = '0000-00-00', dt = '2024-02-30 00:00:00', dt6 = '9999-12-31 23:59:59.999999',
  ts = '0000-00-00 00:00:00', ts3 = '2038-01-19 03:14:07.999', ti = '-838:59:59', ti6 = '-00:00:00.000001',
  c = 'é ', vc = '', vl = 'größe€', vb = 'a\\''"%_\n\r\t\0', v16 = '😀', v3 = 'ß', sj = X'835C5C', tt = ' x ', tx = '', mt = NULL, lt = REPEAT('é', 3000),
  bi = X'00FF', vbi = X'` + bytes + `', tb = '', bl = X'27275c5c00', mb = NULL, lb = REPEAT(X'005c27ff', 5000),
  e = '', e2 = NULL, st = '', inv = 9,
  g = ` + geometry + `, p = ST_GeomFromText('POINT(1 2)'), ls = ST_GeomFromText('LINESTRING(0 0,1.5 -1e-9)'), j = '{"b": 1, "a": [1.50, "\\"x\\\\"]}'`,
		`INSERT INTO every SET id = 2, i1 = 2147483647, f1 = 3.4028234e38, f2 = -5e-324, y = 2155, da = '2024-00-15', dt = '1000-01-01 00:00:00', dt6 = '0000-00-00 00:00:00.000000',
  ts = '1970-01-01 00:00:01', ti = '838:59:59', ti6 = '838:59:58.999999', vc = 'b', e = 'd\\e', e2 = 'x', st = 'y y,z', bit64 = 1, g = NULL, j = 'null'`,
		"INSERT INTO every SET id = 3, i1 = 0, f1 = -1e-30, f2 = -0e0, vc = 'b ', e = 0, e2 = 0, dt6 = '2024-06-01 " +
			"00:00:00.000001'",
	}
}

func TestEveryTypeArrivesOnACreatedTarget(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		json, geometry := "JSON", "ST_GeomFromText('POINT(10 20)', 4326)"
		p.AtSource(append([]string{fmt.Sprintf(everyType, json)}, everyRows(geometry)...)...)
		plan := p.Apply("every")
		require.True(t, plan.Create)
		p.CopyRows("every", "dt6")
		p.CopyRows("every", "")
		// The same by way of the update part: rows of defaults become rows of extremes.
		p.AtTarget(
			"DELETE FROM every",
			"INSERT INTO every (id, vc, i1, dt6) VALUES (18446744073709551614, 'q1', 1, NULL), (1, 'q2', 1, NULL), "+
				"(2, 'q3', 1, NULL), (3, 'q4', 1, NULL)",
		)
		p.CopyRows("every", "dt6")

		source, target := dbtest.Introspect(t, p.Src, p.From, "every"), dbtest.Introspect(t, p.Dst, p.To, "every")
		require.Equal(t, source.Comment, target.Comment)
		require.Equal(t, source.PrimaryKey, target.PrimaryKey)
		for i, want := range source.Columns {
			got := target.Columns[i]
			require.Equal(t, want.Name, got.Name)
			require.Equal(t, want.Nullable, got.Nullable, want.Name)
			require.Equal(t, want.Comment, got.Comment, want.Name)
			require.Equal(t, want.Generated, got.Generated, want.Name)
			require.Equal(t, want.Stored, got.Stored, want.Name)
			require.Equal(t, want.Invisible, got.Invisible, want.Name)
			require.Equal(t, want.AutoIncrement, got.AutoIncrement, want.Name)
			require.Equal(t, want.Default == nil, got.Default == nil, want.Name)
			require.Empty(t, got.OnUpdate, want.Name)
			require.Equal(t, want.Members, got.Members, want.Name)
			if want.Kind == got.Kind { // JSON is a LONGTEXT on MariaDB
				require.Equal(t, want.Length, got.Length, want.Name)
			}
			if p.Source.Flavor == p.Target.Flavor {
				want.OnUpdate = "" // the source alone stamps rows
				require.Equal(t, want, got)
			}
		}
		names := func(tbl *schema.Table) (out []string) {
			for _, index := range tbl.Indexes {
				out = append(out, fmt.Sprint(index.Name, index.Unique, index.Type, index.Comment, index.Columns))
			}
			return out
		}
		require.Equal(t, names(source), names(target))
		// The generated columns are computed by the target.
		sum := "SELECT GROUP_CONCAT(gv, gs ORDER BY id) FROM every"
		require.Equal(t, dbtest.Texts(t, p.Source.DB(t, p.From), sum), dbtest.Texts(t, p.Target.DB(t, p.To), sum))
	})
}

func TestTypesOfOneFlavorFindAHomeOnTheOther(t *testing.T) {
	p := dbtest.NewPair(t, servers.MariaDB(t), servers.MySQL(t))
	p.AtSource("CREATE TABLE m (u UUID PRIMARY KEY, a INET4, b INET6, c VARCHAR(9) COLLATE "+
		"utf8mb4_uca1400_german2_as_ci, "+
		"d VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_swedish_nopad_ci UNIQUE) COLLATE utf8mb4_uca1400_ai_ci",
		"INSERT INTO m VALUES ('123e4567-e89b-12d3-a456-426655440000', '1.2.3.4', '::1', 'ä', 'ö'), (UUID(), NULL, "+
			"'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255', '', 'ö ')")
	p.Apply("m")
	p.CopyRows("m", "")
	target := dbtest.Introspect(t, p.Dst, p.To, "m")
	require.Equal(t, "char(36)", target.Column("u").Type)
	require.Equal(t, "utf8mb4_0900_as_ci", target.Column("c").Collation)
	require.Equal(t, "utf8mb4_0900_bin", target.Column("d").Collation)
	require.Equal(t, "utf8mb4_0900_ai_ci", target.Collation)

	p = dbtest.NewPair(t, servers.MySQL(t), servers.MariaDB(t))
	p.AtSource("CREATE TABLE m (k VARCHAR(20) COLLATE utf8mb4_0900_as_cs PRIMARY KEY, v VARCHAR(20) COLLATE "+
		"utf8mb4_0900_ai_ci, "+
		"w VARCHAR(20) COLLATE utf8mb4_ja_0900_as_cs, e VECTOR(3), big VECTOR(5000), j JSON DEFAULT "+
		"(JSON_ARRAY(1)), gc GEOMCOLLECTION, gen INT AS (j->>'$.x') VIRTUAL, KEY f ((LENGTH(v))), KEY (v)) "+
		"COLLATE utf8mb4_0900_ai_ci",
		"INSERT INTO m (k, v, e, big) VALUES ('a', 'A', STRING_TO_VECTOR('[1,2,3]'), NULL), ('A', 'b', NULL, NULL), "+
			"('a ', NULL, NULL, STRING_TO_VECTOR(CONCAT('[', REPEAT('1,', 4999), '2]')))",
		"INSERT INTO m SET k = 'z', j = '{\"x\": 5}', gc = ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')")
	vectors := dbtest.NewPair(t, servers.MySQL(t), servers.MySQL(t))
	vectors.AtSource(
		"CREATE TABLE m (id INT PRIMARY KEY, e VECTOR(3), at INT)",
		"INSERT INTO m VALUES (1, STRING_TO_VECTOR('[1,-2.5,3e-30]'), 1), (2, NULL, 1)",
	)
	vectors.Apply("m")
	vectors.CopyRows("m", "at")
	vectors.AtTarget("UPDATE m SET e = STRING_TO_VECTOR('[1,2,3]')")
	vectors.CopyRows("m", "at")

	plan := p.Apply("m")
	p.CopyRows("m", "")
	target = dbtest.Introspect(t, p.Dst, p.To, "m")
	require.Equal(t, "utf8mb4_nopad_bin", target.Column("k").Collation)
	require.Equal(t, "utf8mb4_uca1400_nopad_ai_ci", target.Column("v").Collation)
	require.Equal(t, "varbinary(12)", target.Column("e").Type)
	require.Equal(t, "longtext", target.Column("j").Type)
	require.Equal(t, "utf8mb4_bin", target.Column("j").Collation)
	require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return strings.Contains(f.Text, "index f ")
	}), "%+v", plan.Findings)
}

func TestLaterColumnsAreAddedAndDroppedOnesKept(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE l (id INT PRIMARY KEY, gone INT, a INT)", "INSERT INTO l VALUES (1, 1, 1)")
		p.Apply("l")
		p.CopyRows("l", "")
		p.AtSource("ALTER TABLE l DROP COLUMN gone, ADD COLUMN n INT NOT NULL, ADD COLUMN d VARCHAR(9) NOT NULL "+
			"DEFAULT 'x', "+
			"ADD COLUMN at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, ADD COLUMN g INT AS (a + 1) STORED",
			"INSERT INTO l (id, a, n) VALUES (2, 2, 2)")
		plan := p.Apply("l")
		require.Len(t, plan.Statements, 1)
		require.True(t, slices.ContainsFunc(p.Plan("l").Findings, func(f table.Finding) bool {
			return f.Column == "gone" && f.Level == table.LevelInfo
		}))
		target := dbtest.Introspect(t, p.Dst, p.To, "l")
		require.True(t, target.Column("n").Nullable)
		require.True(t, target.Column("at").Nullable)
		require.False(t, target.Column("d").Nullable)
		require.True(t, target.Column("g").Generated)
		require.Equal(
			t, []string{"1,NULL,x,NULL"},
			dbtest.Texts(
				t, p.Target.DB(t, p.To), "SELECT CONCAT_WS(',', id, IFNULL(n, 'NULL'), d, IFNULL(at, 'NULL')) FROM l",
			),
		)
		p.CopyRows("l", "")

		p.AtTarget("ALTER TABLE l MODIFY gone INT NOT NULL")
		refuses(p, "l", "gone", "without a default")
	})
}

func TestAMissingDatabaseIsCreatedByALoginThatMay(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE g (id INT PRIMARY KEY)")
		p.AtTarget("DROP DATABASE " + p.To)
		plan := p.Apply("g")
		require.Equal(t, "CREATE DATABASE `"+p.To+"`", plan.Statements[0])
	})
}
