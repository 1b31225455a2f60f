package mysqlerr_test

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provokedByOthers are errors that other sessions are needed for.
var provokedByOthers = []provoked{
	{1205, "", mysqlerr.ClassRetry, "lock wait timeout", func(p *dbtest.Provoker) error {
		p.Locked()
		return p.Say("SET innodb_lock_wait_timeout = 1", "UPDATE t SET v = 's3cret' WHERE id = 1")
	}},
	{1213, "", mysqlerr.ClassRetry, "deadlock", func(p *dbtest.Provoker) error {
		other := p.Locked()
		require.NoError(p, p.Say("BEGIN", "UPDATE t SET v = 's3cret' WHERE id = 2"))
		done := make(chan error, 1)
		go func() { done <- p.SayAs(other, "UPDATE t SET v = 's3cret' WHERE id = 2") }()
		err := p.Say("UPDATE t SET v = 's3cret' WHERE id = 1")
		if err != nil {
			require.NoError(p, p.Say("ROLLBACK"))
		}
		if theirs := <-done; err == nil {
			return theirs // the server chose the other one
		}
		return err
	}},
	{
		1317, "", mysqlerr.ClassRetry, "interrupted",
		func(p *dbtest.Provoker) error { return p.WhileWaiting("KILL QUERY ID") },
	},
	{1020, servers.FlavorMariaDB, mysqlerr.ClassRetry, "changed since it was read", func(p *dbtest.Provoker) error {
		require.NoError(p, p.Say("SET SESSION innodb_snapshot_isolation = ON",
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"))
		dbtest.Exec(p, p.Admin, "UPDATE t SET v = 'x' WHERE id = 1")
		return p.Say("UPDATE t SET v = 's3cret' WHERE id = 1")
	}},
	{1412, "", mysqlerr.ClassRetry, "definition changed", func(p *dbtest.Provoker) error {
		require.NoError(p, p.Say("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			"START TRANSACTION WITH CONSISTENT SNAPSHOT"))
		dbtest.Exec(p, p.Admin, "ALTER TABLE t ADD COLUMN more INT, ALGORITHM=COPY")
		return p.Say("SELECT * FROM t")
	}},
	{3024, servers.FlavorMySQL, mysqlerr.ClassRetry, "longer than the server allows", func(p *dbtest.Provoker) error {
		return p.Say("SET max_execution_time = 100", endless)
	}},
	{1969, servers.FlavorMariaDB, mysqlerr.ClassRetry, "longer than the server allows", func(p *dbtest.Provoker) error {
		return p.Say("SET STATEMENT max_statement_time = 0.1 FOR " + endless)
	}},
}

// provokedByGrants are errors of logins that may not do something, or not so often.
var provokedByGrants = []provoked{
	{1045, "", mysqlerr.ClassConfiguration, "Access denied for user", func(p *dbtest.Provoker) error {
		_, err := p.Open(strings.TrimSuffix(p.Login(""), "pw") + "s3cret")
		return err
	}},
	{1044, "", mysqlerr.ClassConfiguration, "to database 'mysql'", func(p *dbtest.Provoker) error {
		return p.SayAs(p.Session(p.Login("", "SELECT ON "+p.Schema+".*")), "USE mysql")
	}},
	{1142, "", mysqlerr.ClassConfiguration, "INSERT command denied", func(p *dbtest.Provoker) error {
		return p.SayAs(p.Session(p.Login("", "SELECT ON "+p.Schema+".*")), "INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1143, "", mysqlerr.ClassConfiguration, "column 'v'", func(p *dbtest.Provoker) error {
		return p.SayAs(p.Session(p.Login("", "SELECT (id) ON "+p.Schema+".t", "UPDATE (id) ON "+p.Schema+".t")),
			"UPDATE t SET v = 's3cret'")
	}},
	{1227, "", mysqlerr.ClassConfiguration, "PROCESS", func(p *dbtest.Provoker) error {
		return p.SayAs(p.Session(p.Login("", "SELECT ON "+p.Schema+".*")),
			"SELECT COUNT(*) FROM information_schema.innodb_trx")
	}},
	{1226, "", mysqlerr.ClassCapacity, "max_user_connections", func(p *dbtest.Provoker) error {
		login := p.Login("WITH MAX_USER_CONNECTIONS 1", "SELECT ON "+p.Schema+".*")
		p.Session(login)
		_, err := p.Open(login)
		return err
	}},
	{3118, servers.FlavorMySQL, mysqlerr.ClassConfiguration, "locked", func(p *dbtest.Provoker) error {
		_, err := p.Open(p.Login("ACCOUNT LOCK"))
		return err
	}},
	{4151, servers.FlavorMariaDB, mysqlerr.ClassConfiguration, "locked", func(p *dbtest.Provoker) error {
		_, err := p.Open(p.Login("ACCOUNT LOCK"))
		return err
	}},
}

// provokedByNames are errors of what is not there, and of settings.
var provokedByNames = []provoked{
	{1049, "", mysqlerr.ClassConfiguration, "nowhere", func(p *dbtest.Provoker) error { return p.Say("USE nowhere") }},
	{
		1054, "", mysqlerr.ClassConfiguration, "'gone'",
		func(p *dbtest.Provoker) error { return p.Say("SELECT gone FROM t") },
	},
	{
		1146, "", mysqlerr.ClassConfiguration, ".gone'",
		func(p *dbtest.Provoker) error { return p.Say("INSERT INTO gone VALUES ('s3cret')") },
	},
	{
		1064, "", mysqlerr.ClassConfiguration, "does not understand",
		func(p *dbtest.Provoker) error { return p.Say("INSERT s3cret INTO t") },
	},
	{
		1193, "", mysqlerr.ClassConfiguration, "no_such_setting",
		func(p *dbtest.Provoker) error { return p.Say("SET no_such_setting = 1") },
	},
	{
		1298, "", mysqlerr.ClassConfiguration, "Mars/Olympus",
		func(p *dbtest.Provoker) error { return p.Say("SET time_zone = 'Mars/Olympus'") },
	},
	{1290, "", mysqlerr.ClassConfiguration, "secure", func(p *dbtest.Provoker) error {
		return p.Say("SELECT 's3cret' INTO OUTFILE '/tablehaul'")
	}},
	{1114, "", mysqlerr.ClassCapacity, "is full", func(p *dbtest.Provoker) error {
		return p.Say("SET max_heap_table_size = 16384", "CREATE TEMPORARY TABLE small (c CHAR(255)) ENGINE=MEMORY",
			"INSERT INTO small SELECT 's3cret' FROM information_schema.columns")
	}},
	{1390, "", mysqlerr.ClassSplit, "placeholders", func(p *dbtest.Provoker) error {
		_, err := p.Target.PrepareContext(p.Context(), "SELECT 1 IN ("+strings.Repeat("?,", 1<<16)+"?)")
		return err
	}},
	{1792, "", mysqlerr.ClassFailover, "read-only", func(p *dbtest.Provoker) error {
		return p.Say("SET SESSION TRANSACTION READ ONLY", "UPDATE t SET v = 's3cret'")
	}},
}

// provokedByRows are errors of rows; TestServersSayWhatTheTableOfErrorsExpects has more of them,
// and what becomes of odd names.
var provokedByRows = []provoked{
	{
		1062, "", mysqlerr.ClassRowData, "another row already holds this value of a unique key, key ",
		row2("'s3cret'", "v VARCHAR(20) UNIQUE"),
	},
	{1048, "", mysqlerr.ClassRowData, "NULL, column v", row2("NULL", "v INT NOT NULL")},
	{1264, "", mysqlerr.ClassRowData, "out of range, column v, row 1", row2("300", "v TINYINT")},
	{1265, "", mysqlerr.ClassRowData, "would be cut, column v, row 1", row2("'s3cret'", "v ENUM('s3cret1')")},
	{
		1292, "", mysqlerr.ClassRowData, "cannot be read as the column's type, column v, row 1",
		row2("'s3cret'", "v DATETIME"),
	},
	{
		1366, "", mysqlerr.ClassRowData, "cannot be stored in the column's type or character set, column v, row 1",
		row2("'s3cret'", "v INT"),
	},
	{1406, "", mysqlerr.ClassRowData, "value too long, column v, row 1", row2("'s3cret'", "v VARCHAR(3)")},
	{
		1452, "", mysqlerr.ClassRowData, "no parent row for this value, key fk",
		row2("77", "v INT, CONSTRAINT fk FOREIGN KEY (v) REFERENCES t (id)"),
	},
	{1364, "", mysqlerr.ClassRowData, "gets no value, column w", row2("1", "v INT, w INT NOT NULL")},
	{
		1690, "", mysqlerr.ClassRowData, "expression is out of range",
		row2("9223372036854775807 + 9223372036854775807", "v DOUBLE"),
	},
	{1242, "", mysqlerr.ClassRowData, "unique key", row2("(SELECT 1 UNION SELECT 2)", "v INT")},
	{
		3819, servers.FlavorMySQL, mysqlerr.ClassRowData, "a check of the target refuses the row, key positive",
		row2("-1", "v INT, CONSTRAINT positive CHECK (v > 0)"),
	},
	{
		4025, servers.FlavorMariaDB, mysqlerr.ClassRowData, "a check of the target refuses the row, key positive",
		row2("-1", "v INT, CONSTRAINT positive CHECK (v > 0)"),
	},
	{3140, servers.FlavorMySQL, mysqlerr.ClassRowData, "not valid JSON, column v", row2("'s3cret'", "v JSON")},
	{1451, "", mysqlerr.ClassRowData, "referred to by another table", func(p *dbtest.Provoker) error {
		return p.Say("CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES t (id))", "INSERT INTO child VALUES (1)",
			"DELETE FROM t WHERE id = 1")
	}},
}

// row2 writes one value twice, as the rows 1 and 2 of a table of its own.
func row2(value, columns string) func(p *dbtest.Provoker) error {
	return func(p *dbtest.Provoker) error {
		first, second := fmt.Sprintf("INSERT INTO own (id, v) VALUES (1, %s)",
			value), fmt.Sprintf("INSERT INTO own (id, v) VALUES (2, %s)", value)
		return p.Say("CREATE TABLE own (id INT PRIMARY KEY, "+columns+")", first, second)
	}
}
