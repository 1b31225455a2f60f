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

// refuses asserts a refusal that names the column and holds the text.
func (p *pair) refuses(name, column, text string) {
	p.t.Helper()
	plan := p.plan(name)
	require.True(p.t, plan.Refused(), "%s: nothing was refused", text)
	require.Empty(p.t, plan.Statements)
	require.Equal(p.t, table.LevelRefuse, plan.Findings[0].Level)
	require.True(p.t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Column == column && strings.Contains(f.Text, text) && f.Remedy != ""
	}), "%s %s: %+v", column, text, plan.Findings)
	require.ErrorContains(p.t, p.dst.ApplyTarget(p.t.Context(), plan), "refused")
}

func TestTargetsThatCouldBendRowsAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newPair(t, s, s)
		for _, c := range []struct{ source, target, text string }{
			{"INT", "SMALLINT", "large values do not fit"},
			{"INT", "INT UNSIGNED", "negative values do not fit"},
			{"INT UNSIGNED", "INT", "large values do not fit"},
			{"INT", "VARCHAR(20)", "not values of the other"},
			{"BIGINT UNSIGNED", "DECIMAL(19,0)", "large values do not fit"},
			{"DECIMAL(10,2)", "DECIMAL(10,1)", "would be rounded"},
			{"DECIMAL(10,2)", "DECIMAL(10,3)", "large values do not fit"},
			{"DECIMAL(10,2)", "DOUBLE", "not values of the other"},
			{"DOUBLE", "FLOAT", "digits would be lost"},
			{"BIT(9)", "BIT(8)", "large values do not fit"},
			{"DATETIME(3)", "DATETIME", "would be rounded"},
			{"DATETIME", "TIMESTAMP NULL", "not values of the other"},
			{"TIME(6)", "TIME(5)", "would be rounded"},
			{"VARCHAR(20)", "VARCHAR(19)", "long values do not fit"},
			{"VARCHAR(20)", "CHAR(20)", "trailing spaces"},
			{"VARCHAR(100) CHARACTER SET utf8mb4", "TINYTEXT CHARACTER SET utf8mb4", "long values do not fit"},
			{"TEXT", "VARCHAR(200)", "long values do not fit"},
			{"VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(20) CHARACTER SET latin1", "every character"},
			{"VARCHAR(20) CHARACTER SET utf8mb4", "VARCHAR(20) CHARACTER SET utf8mb3", "every character"},
			{"VARCHAR(20) CHARACTER SET sjis", "VARCHAR(20) CHARACTER SET utf8mb4", "every character"},
			{"VARBINARY(20)", "VARBINARY(19)", "long values do not fit"},
			{"VARBINARY(20)", "BINARY(20)", "padded"},
			{"VARBINARY(20)", "VARCHAR(20)", "not values of the other"},
			{"ENUM('a','b')", "ENUM('a')", `member "b" is missing`},
			{"SET('a','b')", "SET('b','a')", "another order"},
			{"SET('a','b')", "VARCHAR(2)", "long values do not fit"},
			{"ENUM('日') CHARACTER SET utf8mb4", "VARCHAR(9) CHARACTER SET latin1", "every character"},
			{"POINT", "LINESTRING", "another type"},
			{"INT", "INT NOT NULL", "nullable at the source"},
			{"INT", "INT AS (id) VIRTUAL", "generated"},
		} {
			p.atSource("DROP TABLE IF EXISTS b", "CREATE TABLE b (id INT PRIMARY KEY, c "+c.source+")")
			p.atTarget("DROP TABLE IF EXISTS tt", "CREATE TABLE tt (id INT PRIMARY KEY, c "+c.target+")")
			plan, err := p.dst.PlanTarget(t.Context(), p.src, introspect(t, p.src, p.from, "b"), table.Name{Schema: p.to, Table: "tt"}, mysqldb.TargetOptions{})
			require.NoError(t, err)
			require.True(t, plan.Refused(), "%+v", c)
			require.Equal(t, "c", plan.Findings[0].Column, "%+v", c)
			require.Contains(t, plan.Findings[0].Text, c.text, "%+v", c)
			require.NotEmpty(t, plan.Findings[0].Remedy)
		}
	})
}

func TestWiderTargetsAreTaken(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newPair(t, s, s)
		for _, c := range []struct{ source, target, value string }{
			{"INT", "BIGINT", "-2147483648"},
			{"INT UNSIGNED", "BIGINT", "4294967295"},
			{"BIGINT UNSIGNED", "DECIMAL(20,0)", "18446744073709551615"},
			{"YEAR", "SMALLINT", "2155"},
			{"BIT(8)", "TINYINT UNSIGNED", "255"},
			{"DECIMAL(10,2)", "DECIMAL(12,2)", "-12345678.99"},
			{"FLOAT", "DOUBLE", "0.1"},
			{"DATETIME(3)", "DATETIME(3)", "'2024-01-01 00:00:00.123'"},
			{"VARCHAR(20)", "TEXT", "'x '"},
			{"CHAR(20)", "VARCHAR(20)", "'x'"},
			{"VARCHAR(20) CHARACTER SET latin1", "VARCHAR(20) CHARACTER SET utf8mb4", "'größe'"},
			{"BINARY(3)", "VARBINARY(3)", "'a'"},
			{"ENUM('b','a')", "ENUM('a','c','b')", "'b'"},
			{"ENUM('b','a')", "VARCHAR(5)", "'b'"},
			{"ENUM('b','a')", "VARCHAR(5) CHARACTER SET latin1", "'b'"},
			{"SET('a','b')", "VARCHAR(3)", "'a,b'"},
			{"TIMESTAMP NULL", "DATETIME", "'2024-01-01 00:00:00'"},
			{"POINT", "GEOMETRY", "ST_GeomFromText('POINT(1 1)')"},
			{"INT NOT NULL", "INT", "1"},
		} {
			p.atSource("DROP TABLE IF EXISTS b", "CREATE TABLE b (id INT PRIMARY KEY, c "+c.source+")", "INSERT INTO b VALUES (1, "+c.value+")")
			p.atTarget("DROP TABLE IF EXISTS tt", "CREATE TABLE tt (id INT PRIMARY KEY, c "+c.target+")")
			source := introspect(t, p.src, p.from, "b")
			plan, err := p.dst.PlanTarget(t.Context(), p.src, source, table.Name{Schema: p.to, Table: "tt"}, mysqldb.TargetOptions{})
			require.NoError(t, err)
			require.False(t, plan.Refused(), "%+v: %+v", c, plan.Findings)
			spec := mysqldb.UpsertSpec{Target: introspect(t, p.dst, p.to, "tt"), Columns: source.Values()}
			_, err = p.src.ReadPages(t.Context(), mysqldb.ReadSpec{Table: source, Columns: spec.Columns}, func(rows *table.Rows) error {
				_, err := p.dst.UpsertChunk(t.Context(), spec, rows, nil)
				return err
			})
			require.NoError(t, err, "%+v", c)
			want, _ := readAll(t, p.src, mysqldb.ReadSpec{Table: source})
			got, _ := readAll(t, p.dst, mysqldb.ReadSpec{Table: spec.Target})
			require.Equal(t, want, got, "%+v", c)
		}
	})
}

func TestKeysThatCouldMergeAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newPair(t, s, s)
		p.atSource("CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_bin, n INT, u VARCHAR(9) COLLATE utf8mb4_bin, PRIMARY KEY (k, n))")
		p.atTarget("CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_general_ci, n INT, u VARCHAR(9) COLLATE utf8mb4_general_ci, PRIMARY KEY (k, n), UNIQUE (u))")
		p.refuses("k", "k", "could become one row")
		p.atTarget("ALTER TABLE k MODIFY k VARCHAR(20) COLLATE utf8mb4_bin")
		plan := p.plan("k")
		require.False(t, plan.Refused(), "%+v", plan.Findings)
		require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool { return f.Level == table.LevelWarn && f.Column == "u" }))
		p.atTarget("ALTER TABLE k DROP PRIMARY KEY, ADD PRIMARY KEY (n)")
		p.refuses("k", "", "the target's primary key is (n), the source's (k, n)")
		p.atTarget("ALTER TABLE k DROP PRIMARY KEY")
		p.refuses("k", "", "no primary key")
		p.atTarget("DROP TABLE k", "CREATE VIEW k AS SELECT 1 AS n")
		p.refuses("k", "", "a view")
		p.atTarget("DROP VIEW k", "CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_bin, n INT, u VARCHAR(9), PRIMARY KEY (n, k)) ENGINE=MyISAM")
		p.refuses("k", "", "MyISAM has no transactions")
	})
}

func TestATableIsNotItsOwnTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newPair(t, s, s)
		p.to = p.from
		p.atSource("CREATE TABLE s (id INT PRIMARY KEY)")
		p.refuses("s", "", "the same table")
	})
}

func TestLoginsWithoutPrivilegesAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := newPair(t, s, s)
		p.atSource("CREATE TABLE g (id INT PRIMARY KEY)")
		user := "th_" + p.to[3:]
		p.atTarget("CREATE USER '"+user+"'@'%' IDENTIFIED BY 's3cret'", "GRANT SELECT ON `"+p.to+"`.* TO '"+user+"'@'%'")
		t.Cleanup(func() {
			db := s.DB(t, "")
			defer func() { _ = db.Close() }()
			_, _ = db.Exec("DROP USER '" + user + "'@'%'") //nolint:noctx // the test's context is over
		})
		as := func() *mysqldb.DB {
			db, err := mysqldb.Open(t.Context(), strings.Replace(s.DSN(""), "root", user+":s3cret", 1), mysqldb.Options{Role: mysqldb.Target})
			require.NoError(t, err)
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		p.dst = as()
		p.refuses("g", "", "lacks INSERT, UPDATE, CREATE")
		p.atTarget("GRANT INSERT, UPDATE, CREATE ON `" + strings.ReplaceAll(p.to, "_", `\_`) + "`.* TO '" + user + "'@'%'")
		p.dst = as()
		p.apply("g")
		p.atSource("ALTER TABLE g ADD COLUMN x INT")
		p.refuses("g", "", "lacks ALTER")
		p.to = "th_nosuch"
		p.refuses("g", "", "no database th_nosuch")
	})
}

func TestServersThatCannotTakeRowsAreToldApart(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--binlog-format=STATEMENT")
			p := newPair(t, s, s)
			p.atSource("CREATE TABLE g (id INT PRIMARY KEY)")
			p.refuses("g", "", "binlog_format=STATEMENT")
			p.atTarget("SET GLOBAL binlog_format = 'ROW'")
			p.dst = open(t, s, mysqldb.Options{Role: mysqldb.Target})
			p.apply("g")
			setting := "super_read_only"
			if flavor == servers.FlavorMariaDB {
				setting = "read_only"
			}
			p.atTarget("CREATE USER plain", "GRANT SELECT, INSERT, UPDATE ON *.* TO plain", "SET GLOBAL "+setting+" = 1")
			db, err := mysqldb.Open(t.Context(), strings.Replace(s.DSN(""), "root", "plain", 1), mysqldb.Options{Role: mysqldb.Target})
			require.NoError(t, err)
			defer func() { _ = db.Close() }()
			_, err = db.PlanTarget(t.Context(), p.src, introspect(t, p.src, p.from, "g"), table.Name{Schema: p.to, Table: "g"}, mysqldb.TargetOptions{})
			require.True(t, mysqldb.IsFailover(err), "%v", err)
			p.atTarget("SET GLOBAL " + setting + " = 0")
			p.apply("g")
		})
	}
}
