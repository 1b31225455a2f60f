package mysqlerr_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// provokedBySettings are errors for which a server's settings have to be changed.
var provokedBySettings = []provoked{
	{1290, "", mysqlerr.ClassFailover, "the server is read-only", func(p *dbtest.Provoker) error {
		ours := p.Session(p.Login("", "ALL ON "+p.Schema+".*"))
		global(p, "read_only", "ON")
		return p.SayAs(ours, "UPDATE t SET v = 's3cret'")
	}},
	{1203, "", mysqlerr.ClassCapacity, "no connection left", func(p *dbtest.Provoker) error {
		login := p.Login("", "SELECT ON "+p.Schema+".*")
		global(p, "max_user_connections", "1")
		p.Session(login)
		_, err := p.Open(login)
		return err
	}},
	{1040, "", mysqlerr.ClassCapacity, "no connection left", func(p *dbtest.Provoker) error {
		login := p.Login("", "SELECT ON "+p.Schema+".*")
		global(p, "max_connections", "10")
		for range 20 {
			db, err := p.Open(login)
			if err != nil {
				return err
			}
			dbtest.Session(p.T, db.DB)
		}
		return nil
	}},
	{1665, "", mysqlerr.ClassConfiguration, "binlog_format=STATEMENT", func(p *dbtest.Provoker) error {
		return p.Say("SET SESSION binlog_format = 'STATEMENT'", "UPDATE t SET v = 's3cret'")
	}},
}

// global changes a setting of a server of one's own until the test ends.
func global(p *dbtest.Provoker, name, value string) {
	p.Helper()
	before := dbtest.Texts(p, p.Admin, "SELECT @@GLOBAL."+name)[0]
	conn := dbtest.Session(p.T, p.Admin) // held: there may be no connection left to set it back by
	require.NoError(p, p.SayAs(conn, "SET GLOBAL "+name+" = "+value))
	p.Cleanup(func() { _, _ = conn.ExecContext(dbtest.BackgroundOf(p), "SET GLOBAL "+name+" = "+before) })
}

func TestEachErrorNumberOfASettingIsWhatItsClassSays(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			shouldSay(t, servers.Private(t, flavor, "--log-bin=binlog", "--server-id=7", "--max-user-connections=100"),
				provokedBySettings)
		})
	}
}

// A server whose storage engine was started for reading only has numbers of its own.
func TestAServerStartedForReadingOnlyIsAFailover(t *testing.T) {
	t.Parallel()
	const row, ddl = "UPDATE mysql.innodb_table_stats SET n_rows = 1", "CREATE TABLE mysql.x (id INT) ENGINE=InnoDB"
	for flavor, wants := range map[servers.Flavor]map[string]provoked{
		servers.FlavorMySQL: {
			row: {number: 1015, class: mysqlerr.ClassFailover, says: "the server is read-only"},
			ddl: {number: 1836, class: mysqlerr.ClassFailover, says: "read-only mode"},
		},
		servers.FlavorMariaDB: {row: {number: 1036, class: mysqlerr.ClassFailover, says: "the table is read-only"}},
	} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--innodb-read-only")
			db := dbtest.Open(t, s, mysqldb.Options{Name: "dw", Role: mysqldb.Target})
			for statement, want := range wants {
				_, err := db.ExecContext(t.Context(), statement)
				requireProvoked(t, want, err)
			}
		})
	}
}

// A server that is being shut down says so, or is gone.
func TestAShutdownDuringAStatementIsRetried(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			err := mysqlerr.Safe(dbtest.NewProvoker(t, servers.Private(t, flavor)).WhileWaiting("SHUTDOWN"))
			t.Log(err)
			require.True(t, mysqlerr.IsConnectionLost(err), "%v", err)
			require.Contains(t, []uint16{0, 1053}, mysqlerr.NumberOf(err), "%v", err)
		})
	}
}

// A statement beyond the server's limit is answered with 1153, or not at all: fact of life on
// MariaDB, and on MySQL where the client is still sending.
func TestAStatementLargerThanThePacketIsSplitOrLost(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewProvoker(t, s)
		limit := dbtest.Texts(t, p.Admin, "SELECT @@max_allowed_packet")[0]
		var bytes int
		_, err := fmt.Sscan(limit, &bytes)
		require.NoError(t, err)
		huge := "INSERT INTO t VALUES (3, '" + strings.Repeat("s3cret", bytes/6+1) + "')"
		err = p.Say(huge) // the driver knows the server's limit
		require.Equal(t, mysqlerr.ClassSplit, mysqlerr.Classify(err), "%v", err)
		require.NotContains(t, mysqlerr.Safe(err).Error(), "s3cret")
		require.Equal(t, "larger than the server's max_allowed_packet",
			mysqlerr.Describe(err).Sentence[len("the statement is "):])

		plain := dbtest.Session(t, p.Admin) // a client that does not know it
		_, err = plain.ExecContext(t.Context(), huge)
		t.Log(mysqlerr.Safe(err))
		require.Contains(t, []mysqlerr.Class{mysqlerr.ClassSplit, mysqlerr.ClassRetry}, mysqlerr.Classify(err), "%v",
			err)
		require.Contains(t, []uint16{0, 1153}, mysqlerr.NumberOf(err))
	})
}

// x509 has no number: the driver refuses the server before the login is sent.
func TestCertificatesAndPlainTextAreConfiguration(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "tablehaul-x509") // readable by the account that mysqld runs as
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
			require.NoError(t, os.Chmod(dir, 0o755))
			other := filepath.Join(dir, "other")
			require.NoError(t, os.Mkdir(other, 0o755))
			cert, key := dbtest.Certificate(t, dir, "other.example")
			stranger, _ := dbtest.Certificate(t, other, "127.0.0.1")
			s := servers.Private(t, flavor, "--ssl-cert="+cert, "--ssl-key="+key, "--ssl-ca="+cert)
			for says, o := range map[string]mysqldb.Options{
				"unknown authority": {TLS: dsn.TLSVerifyCA, CAFile: stranger},
				"127.0.0.1":         {TLS: dsn.TLSVerifyIdentity, CAFile: cert},
			} {
				_, err := mysqldb.Open(t.Context(), s.DSN(""), o)
				require.True(t, mysqlerr.IsPermanent(err), "%s: %v", says, err)
				require.ErrorContains(t, mysqlerr.Safe(err), says)
				require.Contains(t, mysqlerr.Describe(err).Remedy, "certificate")
			}
			admin := s.DB(t, "")
			conn := dbtest.Session(t, admin)
			_, err = conn.ExecContext(t.Context(), "SET GLOBAL require_secure_transport = ON")
			require.NoError(t, err)
			_, err = mysqldb.Open(t.Context(), s.DSN(""), mysqldb.Options{TLS: dsn.TLSDisabled})
			want := provoked{number: 3159, class: mysqlerr.ClassConfiguration, says: "encrypted connections only"}
			if flavor == servers.FlavorMariaDB { // which says nothing of encryption
				want.number, want.says = 1045, "Access denied for user 'root'"
			}
			requireProvoked(t, want, err)
			require.Contains(t, mysqlerr.Describe(err).Remedy, "tls")
		})
	}
}
