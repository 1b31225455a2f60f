package mysqldb_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provokedByObjects are errors of what stands around a table: partitions, triggers, views,
// functions, settings. Each needs a person, and says at once what to do.
var provokedByObjects = []provoked{
	{1526, "", mysqldb.ClassRowData, "no partition for the row's value", func(p *provoker) error {
		return p.say("CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (10))",
			"INSERT INTO parts VALUES (11)")
	}},
	{1748, "", mysqldb.ClassRowData, "no partition for the row's value", func(p *provoker) error {
		return p.say("CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id)"+
			" (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))", "INSERT INTO parts PARTITION (p) VALUES (11)")
	}},
	{1644, "", mysqldb.ClassRowData, "(SIGNAL)", func(p *provoker) error {
		exec(p, p.admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 's3cret'")
		return p.say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1046, servers.FlavorMySQL, mysqldb.ClassConfiguration, "without its database", func(p *provoker) error {
		other := session(p.T, p.server.DB(p.T, ""))
		return p.sayAs(other, "CREATE TABLE "+p.schema+".made (id INT PRIMARY KEY, v CHAR(36) DEFAULT (uuid_v77()))")
	}},
	{1305, "", mysqldb.ClassConfiguration, "nosuch", func(p *provoker) error {
		exec(p, p.admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = nosuch(NEW.v)")
		return p.say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1449, "", mysqldb.ClassConfiguration, "definer does not work", func(p *provoker) error {
		exec(p, p.admin, "CREATE DEFINER = 'gone'@'nowhere' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = ''")
		return p.say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1442, "", mysqldb.ClassConfiguration, "trigger", func(p *provoker) error {
		exec(p, p.admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DELETE FROM t")
		return p.say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1369, "", mysqldb.ClassRowData, "a view of the target", func(p *provoker) error {
		return p.say("CREATE VIEW w AS SELECT id, v FROM t WHERE id < 10 WITH CHECK OPTION", "INSERT INTO w VALUES (11, 's3cret')")
	}},
	{1104, "", mysqldb.ClassConfiguration, "max_join_size", func(p *provoker) error {
		return p.say("SET max_join_size = 2", "SELECT * FROM t a, t b")
	}},
	{1213, "", mysqldb.ClassRetry, "deadlock", func(p *provoker) error {
		exec(p, p.admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")
		return p.say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1286, "", mysqldb.ClassConfiguration, "NOSUCH", func(p *provoker) error {
		return p.say("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'", "CREATE TABLE made (id INT) ENGINE=NOSUCH")
	}},
	{1118, "", mysqldb.ClassConfiguration, "definition", func(p *provoker) error {
		return p.say("CREATE TABLE made (a VARCHAR(16000), b VARCHAR(16000)) CHARACTER SET utf8mb4")
	}},
	{1370, "", mysqldb.ClassConfiguration, "denied", func(p *provoker) error {
		exec(p, p.admin, "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1")
		return p.sayAs(p.session(p.login("", "SELECT ON "+p.schema+".*")), "SELECT f()")
	}},
	{3989, servers.FlavorMySQL, mysqldb.ClassConfiguration, "read-only", func(p *provoker) error {
		exec(p, p.admin, "ALTER SCHEMA "+p.schema+" READ ONLY = 1")
		p.Cleanup(func() { _, _ = p.admin.ExecContext(backgroundOf(p), "ALTER SCHEMA "+p.schema+" READ ONLY = 0") })
		return p.say("UPDATE t SET v = 's3cret'")
	}},
	{3572, servers.FlavorMySQL, mysqldb.ClassRetry, "holds a lock", func(p *provoker) error {
		p.locked()
		return p.say("SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT")
	}},
	{3955, servers.FlavorMySQL, mysqldb.ClassConfiguration, "blocked", func(p *provoker) error {
		login := p.login("FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
		_, _ = p.open(login + "s3cret")
		_, err := p.open(login)
		return err
	}},
}

func TestEachErrorNumberOfAnObjectIsWhatItsClassSays(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) { shouldSay(t, s, provokedByObjects) })
}

// MariaDB counts wrong passwords for all of a login's hosts.
func TestALoginBlockedByWrongPasswordsIsAConfiguration(t *testing.T) {
	s := servers.Private(t, servers.FlavorMariaDB, "--max-password-errors=2")
	shouldSay(t, s, []provoked{{4150, "", mysqldb.ClassConfiguration, "blocked", func(p *provoker) error {
		login := p.login("")
		for range 3 { // by a client that does not remember refusals, as we do
			dsn := s.DSN("")
			wrong, err := sql.Open("mysql", login+"s3cret"+dsn[strings.Index(dsn, "@"):])
			require.NoError(t, err)
			require.Error(t, wrong.PingContext(t.Context()))
			require.NoError(t, wrong.Close())
		}
		_, err := p.open(login)
		return err
	}}})
}

// A transaction that the binary log cannot take is split, like a statement that is too large.
func TestATransactionLargerThanTheBinaryLogIsSplit(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--max-binlog-cache-size=8192", "--binlog-cache-size=4096")
			p := newProvoker(t, s)
			exec(t, p.admin, "CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(8000))")
			err := p.say(fmt.Sprintf("INSERT INTO big SELECT n, REPEAT('s', 8000) FROM (SELECT %d AS n UNION SELECT 2 UNION SELECT 3) x", 1))
			require.Error(t, err)
			require.Equal(t, uint16(1197), mysqldb.NumberOf(err), "%v", err)
			require.Equal(t, mysqldb.ClassSplit, mysqldb.Classify(err))
		})
	}
}

// Notes say nothing about rows, and never stop a chunk; a warning about a row does.
func TestNotesAreNotWarningsOfRows(t *testing.T) {
	for _, note := range []uint16{1287, 1592, 1681, 1668, 3719, 3778, 1739, 3170} {
		require.True(t, mysqldb.IsNote(note), note)
	}
	for _, warning := range []uint16{1264, 1265, 1292, 1300, 1366, 1048, 1299, 1365, 1260, 1642} {
		require.False(t, mysqldb.IsNote(warning), warning)
	}
}

// A server's limit on reads is for people who forget a WHERE.
func TestAServersLimitOnJoinsIsNotOurs(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--max-join-size=2")
			const join = "SELECT a.v FROM t a, t b, t c"
			exec(t, s.DB(t, ""), "SET GLOBAL sql_big_selects = 0")
			p := newProvoker(t, s)
			_, err := p.admin.ExecContext(t.Context(), join)
			require.Equal(t, uint16(1104), mysqldb.NumberOf(err), "%v", err)
			require.NoError(t, p.say(join))
		})
	}
}
