package mysqldb_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provokedByOthers are errors that other sessions are needed for.
var provokedByOthers = []provoked{
	{1205, "", mysqldb.ClassRetry, "lock wait timeout", func(p *provoker) error {
		p.locked()
		return p.say("SET innodb_lock_wait_timeout = 1", "UPDATE t SET v = 's3cret' WHERE id = 1")
	}},
	{1213, "", mysqldb.ClassRetry, "deadlock", func(p *provoker) error {
		other := p.locked()
		require.NoError(p, p.say("BEGIN", "UPDATE t SET v = 's3cret' WHERE id = 2"))
		done := make(chan error, 1)
		go func() { done <- p.sayAs(other, "UPDATE t SET v = 's3cret' WHERE id = 2") }()
		err := p.say("UPDATE t SET v = 's3cret' WHERE id = 1")
		if err != nil {
			require.NoError(p, p.say("ROLLBACK"))
		}
		if theirs := <-done; err == nil {
			return theirs // the server chose the other one
		}
		return err
	}},
	{1317, "", mysqldb.ClassRetry, "interrupted", func(p *provoker) error { return p.whileWaiting("KILL QUERY ID") }},
	{1020, servers.FlavorMariaDB, mysqldb.ClassRetry, "changed since it was read", func(p *provoker) error {
		require.NoError(p, p.say("SET SESSION innodb_snapshot_isolation = ON",
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"))
		exec(p, p.admin, "UPDATE t SET v = 'x' WHERE id = 1")
		return p.say("UPDATE t SET v = 's3cret' WHERE id = 1")
	}},
	{1412, "", mysqldb.ClassRetry, "definition changed", func(p *provoker) error {
		require.NoError(p, p.say("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"))
		exec(p, p.admin, "ALTER TABLE t ADD COLUMN more INT, ALGORITHM=COPY")
		return p.say("SELECT * FROM t")
	}},
	{3024, servers.FlavorMySQL, mysqldb.ClassRetry, "longer than the server allows", func(p *provoker) error {
		return p.say("SET max_execution_time = 100", endless)
	}},
	{1969, servers.FlavorMariaDB, mysqldb.ClassRetry, "longer than the server allows", func(p *provoker) error {
		return p.say("SET STATEMENT max_statement_time = 0.1 FOR " + endless)
	}},
}

// provokedByGrants are errors of logins that may not do something, or not so often.
var provokedByGrants = []provoked{
	{1045, "", mysqldb.ClassConfiguration, "Access denied for user", func(p *provoker) error {
		_, err := p.open(strings.TrimSuffix(p.login(""), "pw") + "s3cret")
		return err
	}},
	{1044, "", mysqldb.ClassConfiguration, "to database 'mysql'", func(p *provoker) error {
		return p.sayAs(p.session(p.login("", "SELECT ON "+p.schema+".*")), "USE mysql")
	}},
	{1142, "", mysqldb.ClassConfiguration, "INSERT command denied", func(p *provoker) error {
		return p.sayAs(p.session(p.login("", "SELECT ON "+p.schema+".*")), "INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1143, "", mysqldb.ClassConfiguration, "column 'v'", func(p *provoker) error {
		return p.sayAs(p.session(p.login("", "SELECT (id) ON "+p.schema+".t", "UPDATE (id) ON "+p.schema+".t")), "UPDATE t SET v = 's3cret'")
	}},
	{1227, "", mysqldb.ClassConfiguration, "PROCESS", func(p *provoker) error {
		return p.sayAs(p.session(p.login("", "SELECT ON "+p.schema+".*")), "SELECT COUNT(*) FROM information_schema.innodb_trx")
	}},
	{1226, "", mysqldb.ClassCapacity, "max_user_connections", func(p *provoker) error {
		login := p.login("WITH MAX_USER_CONNECTIONS 1", "SELECT ON "+p.schema+".*")
		p.session(login)
		_, err := p.open(login)
		return err
	}},
	{3118, servers.FlavorMySQL, mysqldb.ClassConfiguration, "locked", func(p *provoker) error {
		_, err := p.open(p.login("ACCOUNT LOCK"))
		return err
	}},
	{4151, servers.FlavorMariaDB, mysqldb.ClassConfiguration, "locked", func(p *provoker) error {
		_, err := p.open(p.login("ACCOUNT LOCK"))
		return err
	}},
}

// provokedByNames are errors of what is not there, and of settings.
var provokedByNames = []provoked{
	{1049, "", mysqldb.ClassConfiguration, "nowhere", func(p *provoker) error { return p.say("USE nowhere") }},
	{1054, "", mysqldb.ClassConfiguration, "'gone'", func(p *provoker) error { return p.say("SELECT gone FROM t") }},
	{1146, "", mysqldb.ClassConfiguration, ".gone'", func(p *provoker) error { return p.say("INSERT INTO gone VALUES ('s3cret')") }},
	{1064, "", mysqldb.ClassConfiguration, "does not understand", func(p *provoker) error { return p.say("INSERT s3cret INTO t") }},
	{1193, "", mysqldb.ClassConfiguration, "no_such_setting", func(p *provoker) error { return p.say("SET no_such_setting = 1") }},
	{1298, "", mysqldb.ClassConfiguration, "Mars/Olympus", func(p *provoker) error { return p.say("SET time_zone = 'Mars/Olympus'") }},
	{1290, "", mysqldb.ClassConfiguration, "secure", func(p *provoker) error {
		return p.say("SELECT 's3cret' INTO OUTFILE '/tablehaul'")
	}},
	{1114, "", mysqldb.ClassCapacity, "is full", func(p *provoker) error {
		return p.say("SET max_heap_table_size = 16384", "CREATE TEMPORARY TABLE small (c CHAR(255)) ENGINE=MEMORY",
			"INSERT INTO small SELECT 's3cret' FROM information_schema.columns")
	}},
	{1390, "", mysqldb.ClassSplit, "placeholders", func(p *provoker) error {
		_, err := p.target.PrepareContext(p.Context(), "SELECT 1 IN ("+strings.Repeat("?,", 1<<16)+"?)")
		return err
	}},
	{1792, "", mysqldb.ClassFailover, "read-only", func(p *provoker) error {
		return p.say("SET SESSION TRANSACTION READ ONLY", "UPDATE t SET v = 's3cret'")
	}},
}

// provokedByRows are errors of rows; TestServersSayWhatTheTableOfErrorsExpects has more of them,
// and what becomes of odd names.
var provokedByRows = []provoked{
	{1062, "", mysqldb.ClassRowData, "another row already holds this value of a unique key, key ", row2("'s3cret'", "v VARCHAR(20) UNIQUE")},
	{1048, "", mysqldb.ClassRowData, "NULL, column v", row2("NULL", "v INT NOT NULL")},
	{1264, "", mysqldb.ClassRowData, "out of range, column v, row 1", row2("300", "v TINYINT")},
	{1265, "", mysqldb.ClassRowData, "would be cut, column v, row 1", row2("'s3cret'", "v ENUM('s3cret1')")},
	{1292, "", mysqldb.ClassRowData, "cannot be read as the column's type, column v, row 1", row2("'s3cret'", "v DATETIME")},
	{1366, "", mysqldb.ClassRowData, "cannot be stored in the column's type or character set, column v, row 1", row2("'s3cret'", "v INT")},
	{1406, "", mysqldb.ClassRowData, "value too long, column v, row 1", row2("'s3cret'", "v VARCHAR(3)")},
	{1452, "", mysqldb.ClassRowData, "no parent row for this value, key fk", row2("77", "v INT, CONSTRAINT fk FOREIGN KEY (v) REFERENCES t (id)")},
	{1364, "", mysqldb.ClassRowData, "gets no value, column w", row2("1", "v INT, w INT NOT NULL")},
	{1690, "", mysqldb.ClassRowData, "expression is out of range", row2("9223372036854775807 + 9223372036854775807", "v DOUBLE")},
	{1242, "", mysqldb.ClassRowData, "unique key", row2("(SELECT 1 UNION SELECT 2)", "v INT")},
	{3819, servers.FlavorMySQL, mysqldb.ClassRowData, "a check of the target refuses the row, key positive", row2("-1", "v INT, CONSTRAINT positive CHECK (v > 0)")},
	{4025, servers.FlavorMariaDB, mysqldb.ClassRowData, "a check of the target refuses the row, key positive", row2("-1", "v INT, CONSTRAINT positive CHECK (v > 0)")},
	{3140, servers.FlavorMySQL, mysqldb.ClassRowData, "not valid JSON, column v", row2("'s3cret'", "v JSON")},
	{1451, "", mysqldb.ClassRowData, "referred to by another table", func(p *provoker) error {
		return p.say("CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES t (id))", "INSERT INTO child VALUES (1)", "DELETE FROM t WHERE id = 1")
	}},
}

// row2 writes one value twice, as the rows 1 and 2 of a table of its own.
func row2(value, columns string) func(p *provoker) error {
	return func(p *provoker) error {
		first, second := fmt.Sprintf("INSERT INTO own (id, v) VALUES (1, %s)", value), fmt.Sprintf("INSERT INTO own (id, v) VALUES (2, %s)", value)
		return p.say("CREATE TABLE own (id INT PRIMARY KEY, "+columns+")", first, second)
	}
}

// soon bounds what a server on this machine needs for anything.
const soon = 20 * time.Second
