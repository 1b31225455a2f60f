package mysqlerr_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provokedByObjects are errors of what is around a table: partitions, triggers, views,
// functions, settings. Each needs a person, and says at once what to do.
var provokedByObjects = []provoked{
	{1526, "", mysqlerr.ClassRowData, "no partition for the row's value", func(p *dbtest.Provoker) error {
		return p.Say("CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN"+
			" (10))",
			"INSERT INTO parts VALUES (11)")
	}},
	{1748, "", mysqlerr.ClassRowData, "no partition for the row's value", func(p *dbtest.Provoker) error {
		return p.Say("CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id)"+
			" (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN (20))", "INSERT INTO parts PARTITION"+
			" (p) VALUES (11)")
	}},
	{1644, "", mysqlerr.ClassRowData, "(SIGNAL)", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000' SET"+
			" MESSAGE_TEXT = 's3cret'")
		return p.Say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1046, servers.FlavorMySQL, mysqlerr.ClassConfiguration, "without its database", func(p *dbtest.Provoker) error {
		other := dbtest.Session(p.T, p.Server.DB(p.T, ""))
		return p.SayAs(other, "CREATE TABLE "+p.Schema+".made (id INT PRIMARY KEY, v CHAR(36) DEFAULT (uuid_v77()))")
	}},
	{1305, "", mysqlerr.ClassConfiguration, "nosuch", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = nosuch(NEW.v)")
		return p.Say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1449, "", mysqlerr.ClassConfiguration, "definer does not work", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE DEFINER = 'gone'@'nowhere' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET"+
			" NEW.v = ''")
		return p.Say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1442, "", mysqlerr.ClassConfiguration, "trigger", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW DELETE FROM t")
		return p.Say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1369, "", mysqlerr.ClassRowData, "a view of the target", func(p *dbtest.Provoker) error {
		return p.Say("CREATE VIEW w AS SELECT id, v FROM t WHERE id < 10 WITH CHECK OPTION",
			"INSERT INTO w VALUES (11, 's3cret')")
	}},
	{1104, "", mysqlerr.ClassConfiguration, "max_join_size", func(p *dbtest.Provoker) error {
		return p.Say("SET max_join_size = 2", "SELECT * FROM t a, t b")
	}},
	{1213, "", mysqlerr.ClassRetry, "deadlock", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '40001' SET"+
			" MYSQL_ERRNO = 1213")
		return p.Say("INSERT INTO t VALUES (3, 's3cret')")
	}},
	{1286, "", mysqlerr.ClassConfiguration, "NOSUCH", func(p *dbtest.Provoker) error {
		return p.Say("SET sql_mode = 'NO_ENGINE_SUBSTITUTION'", "CREATE TABLE made (id INT) ENGINE=NOSUCH")
	}},
	{1118, "", mysqlerr.ClassConfiguration, "definition", func(p *dbtest.Provoker) error {
		return p.Say("CREATE TABLE made (a VARCHAR(16000), b VARCHAR(16000)) CHARACTER SET utf8mb4")
	}},
	{1370, "", mysqlerr.ClassConfiguration, "denied", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1")
		return p.SayAs(p.Session(p.Login("", "SELECT ON "+p.Schema+".*")), "SELECT f()")
	}},
	{3989, servers.FlavorMySQL, mysqlerr.ClassConfiguration, "read-only", func(p *dbtest.Provoker) error {
		dbtest.Exec(p, p.Admin, "ALTER SCHEMA "+p.Schema+" READ ONLY = 1")
		p.Cleanup(func() {
			_, _ = p.Admin.ExecContext(dbtest.BackgroundOf(p), "ALTER SCHEMA "+p.Schema+" READ ONLY = 0")
		})
		return p.Say("UPDATE t SET v = 's3cret'")
	}},
	{3572, servers.FlavorMySQL, mysqlerr.ClassRetry, "holds a lock", func(p *dbtest.Provoker) error {
		p.Locked()
		return p.Say("SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT")
	}},
	{3955, servers.FlavorMySQL, mysqlerr.ClassConfiguration, "blocked", func(p *dbtest.Provoker) error {
		login := p.Login("FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
		_, _ = p.Open(login + "s3cret")
		_, err := p.Open(login)
		return err
	}},
}

func TestEachErrorNumberOfAnObjectIsWhatItsClassSays(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) { shouldSay(t, s, provokedByObjects) })
}

// MariaDB counts wrong passwords for all of a login's hosts.
func TestALoginBlockedByWrongPasswordsIsAConfiguration(t *testing.T) {
	t.Parallel()
	s := servers.Private(t, servers.FlavorMariaDB, "--max-password-errors=2")
	shouldSay(t, s, []provoked{{4150, "", mysqlerr.ClassConfiguration, "blocked", func(p *dbtest.Provoker) error {
		login := p.Login("")
		for range 3 { // by a client that does not remember refusals, as we do
			dsn := s.DSN("")
			wrong, err := sql.Open("mysql", login+"s3cret"+dsn[strings.Index(dsn, "@"):])
			require.NoError(t, err)
			require.Error(t, wrong.PingContext(t.Context()))
			require.NoError(t, wrong.Close())
		}
		_, err := p.Open(login)
		return err
	}}})
}

// A transaction that the binary log cannot take is split, like a statement that is too large.
func TestATransactionLargerThanTheBinaryLogIsSplit(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--max-binlog-cache-size=8192",
				"--binlog-cache-size=4096")
			p := dbtest.NewProvoker(t, s)
			dbtest.Exec(t, p.Admin, "CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(8000))")
			err := p.Say(fmt.Sprintf("INSERT INTO big SELECT n, REPEAT('s', 8000) FROM (SELECT %d AS n UNION SELECT"+
				" 2 UNION SELECT 3) x", 1))
			require.Error(t, err)
			require.Equal(t, uint16(1197), mysqlerr.NumberOf(err), "%v", err)
			require.Equal(t, mysqlerr.ClassSplit, mysqlerr.Classify(err))
		})
	}
}

// Notes say nothing about rows, and never stop a chunk; a warning about a row does.
func TestNotesAreNotWarningsOfRows(t *testing.T) {
	for _, note := range []uint16{1287, 1592, 1681, 1668, 3719, 3778, 1739, 3170} {
		require.True(t, mysqlerr.IsNote(note), note)
	}
	for _, warning := range []uint16{1264, 1265, 1292, 1300, 1366, 1048, 1299, 1365, 1260, 1642} {
		require.False(t, mysqlerr.IsNote(warning), warning)
	}
}

// A server's limit on reads is for people who forget a WHERE.
func TestAServersLimitOnJoinsIsNotOurs(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--max-join-size=2")
			const join = "SELECT a.v FROM t a, t b, t c"
			dbtest.Exec(t, s.DB(t, ""), "SET GLOBAL sql_big_selects = 0")
			p := dbtest.NewProvoker(t, s)
			_, err := p.Admin.ExecContext(t.Context(), join)
			require.Equal(t, uint16(1104), mysqlerr.NumberOf(err), "%v", err)
			require.NoError(t, p.Say(join))
		})
	}
}
