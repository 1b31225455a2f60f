package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// refuses asserts a refusal that names the column and holds the text.
func refuses(p *dbtest.Pair, name, column, text string) {
	p.T.Helper()
	plan := p.Plan(name)
	require.True(p.T, plan.Refused(), "%s: nothing was refused", text)
	require.Empty(p.T, plan.Statements)
	require.Equal(p.T, table.LevelRefuse, plan.Findings[0].Level)
	require.True(p.T, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Level == table.LevelRefuse && f.Column == column && strings.Contains(f.Text, text) && f.Remedy != ""
	}), "%s %s: %+v", column, text, plan.Findings)
	require.ErrorContains(p.T, target.New(p.Dst).Apply(p.T.Context(), plan), "refused")
}

func TestTargetsThatCouldBendRowsAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
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
			p.AtSource("DROP TABLE IF EXISTS b", "CREATE TABLE b (id INT PRIMARY KEY, c "+c.source+")")
			p.AtTarget("DROP TABLE IF EXISTS tt", "CREATE TABLE tt (id INT PRIMARY KEY, c "+c.target+")")
			plan, err := target.New(p.Dst).Compare(
				t.Context(), p.Src, dbtest.Introspect(t, p.Src, p.From, "b"), table.Name{Schema: p.To, Table: "tt"},
				target.Options{},
			)
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
		p := dbtest.NewPair(t, s, s)
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
			p.AtSource(
				"DROP TABLE IF EXISTS b", "CREATE TABLE b (id INT PRIMARY KEY, c "+c.source+")",
				"INSERT INTO b VALUES (1, "+c.value+")",
			)
			p.AtTarget("DROP TABLE IF EXISTS tt", "CREATE TABLE tt (id INT PRIMARY KEY, c "+c.target+")")
			source := dbtest.Introspect(t, p.Src, p.From, "b")
			plan, err := target.New(p.Dst).Compare(
				t.Context(), p.Src, source, table.Name{Schema: p.To, Table: "tt"}, target.Options{},
			)
			require.NoError(t, err)
			require.False(t, plan.Refused(), "%+v: %+v", c, plan.Findings)
			spec := upsert.Spec{Target: dbtest.Introspect(t, p.Dst, p.To, "tt"), Columns: source.Values()}
			_, err = scan.ReadPages(t.Context(), p.Src, scan.ReadSpec{Table: source, Columns: spec.Columns},
				func(rows *table.Rows) error {
					_, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
					return err
				})
			require.NoError(t, err, "%+v", c)
			want, _ := dbtest.ReadAll(t, p.Src, scan.ReadSpec{Table: source})
			got, _ := dbtest.ReadAll(t, p.Dst, scan.ReadSpec{Table: spec.Target})
			require.Equal(t, want, got, "%+v", c)
		}
	})
}

func TestKeysThatCouldMergeAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource(
			"CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_bin, n INT, u VARCHAR(9) COLLATE utf8mb4_bin, PRIMARY " +
				"KEY (k, n))",
		)
		p.AtTarget(
			"CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_general_ci, n INT, u VARCHAR(9) COLLATE " +
				"utf8mb4_general_ci, PRIMARY KEY (k, n), UNIQUE (u))",
		)
		refuses(p, "k", "k", "could become one row")
		p.AtTarget("ALTER TABLE k MODIFY k VARCHAR(20) COLLATE utf8mb4_bin")
		plan := p.Plan("k")
		require.False(t, plan.Refused(), "%+v", plan.Findings)
		require.True(t, slices.ContainsFunc(plan.Findings,
			func(f table.Finding) bool { return f.Level == table.LevelWarn && f.Column == "u" }))
		p.AtTarget("ALTER TABLE k DROP PRIMARY KEY, ADD PRIMARY KEY (n)")
		refuses(p, "k", "", "rows have the key (k, n), and the target has the key (n)")
		p.AtTarget("ALTER TABLE k DROP PRIMARY KEY")
		refuses(p, "k", "", "rows have the key (k, n), and the target has no such key")
		p.AtTarget("DROP TABLE k", "CREATE VIEW k AS SELECT 1 AS n")
		refuses(p, "k", "", "a view")
		p.AtTarget(
			"DROP VIEW k",
			"CREATE TABLE k (k VARCHAR(20) COLLATE utf8mb4_bin, n INT, u VARCHAR(9), PRIMARY KEY (n, k)) ENGINE=MyISAM",
		)
		refuses(p, "k", "", "MyISAM has no transactions")
	})
}

func TestATableIsNotItsOwnTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.To = p.From
		p.AtSource("CREATE TABLE s (id INT PRIMARY KEY)")
		refuses(p, "s", "", "the same table")
	})
}

func TestLoginsWithoutPrivilegesAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE g (id INT PRIMARY KEY)")
		user := "th_" + p.To[3:]
		p.AtTarget(
			"CREATE USER '"+user+"'@'%' IDENTIFIED BY 's3cret'", "GRANT SELECT ON `"+p.To+"`.* TO '"+user+"'@'%'",
		)
		t.Cleanup(func() {
			db := s.DB(t, "")
			defer func() { _ = db.Close() }()
			_, _ = db.Exec("DROP USER '" + user + "'@'%'") //nolint:noctx // the test's context is over
		})
		as := func() *mysqldb.DB {
			db, err := mysqldb.Open(
				t.Context(), strings.Replace(s.DSN(""), "root", user+":s3cret", 1),
				mysqldb.Options{Role: mysqldb.Target},
			)
			require.NoError(t, err)
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		p.Dst = as()
		refuses(p, "g", "", "lacks INSERT, UPDATE, CREATE")
		p.AtTarget(
			"GRANT INSERT, UPDATE, CREATE ON `" + strings.ReplaceAll(p.To, "_", `\_`) + "`.* TO '" + user + "'@'%'",
		)
		p.Dst = as()
		p.Apply("g")
		p.AtSource("ALTER TABLE g ADD COLUMN x INT")
		refuses(p, "g", "", "lacks ALTER")
		p.To = "th_nosuch"
		refuses(p, "g", "", "no database th_nosuch")
	})
}

func TestServersThatCannotTakeRowsAreToldApart(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--binlog-format=STATEMENT")
			p := dbtest.NewPair(t, s, s)
			p.AtSource("CREATE TABLE g (id INT PRIMARY KEY)")
			refuses(p, "g", "", "binlog_format=STATEMENT")
			p.AtTarget("SET GLOBAL binlog_format = 'ROW'")
			p.Dst = dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target})
			p.Apply("g")
			setting := "super_read_only"
			if flavor == servers.FlavorMariaDB {
				setting = "read_only"
			}
			p.AtTarget(
				"CREATE USER plain", "GRANT SELECT, INSERT, UPDATE ON *.* TO plain", "SET GLOBAL "+setting+" = 1",
			)
			db, err := mysqldb.Open(
				t.Context(), strings.Replace(s.DSN(""), "root", "plain", 1), mysqldb.Options{Role: mysqldb.Target},
			)
			require.NoError(t, err)
			defer func() { _ = db.Close() }()
			_, err = target.New(db).Compare(
				t.Context(), p.Src, dbtest.Introspect(t, p.Src, p.From, "g"), table.Name{Schema: p.To, Table: "g"},
				target.Options{},
			)
			require.True(t, mysqlerr.IsFailover(err), "%v", err)
			p.AtTarget("SET GLOBAL " + setting + " = 0")
			p.Apply("g")
		})
	}
}
