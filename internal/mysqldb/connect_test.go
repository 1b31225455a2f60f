package mysqldb_test

import (
	"context"
	"database/sql/driver"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestOpenReadsWhatTheServerSaysOfItself(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.Open(t, s, mysqldb.Options{Name: "shop"})
		require.EqualValues(t, s.Flavor, db.Server.Flavor)
		require.Equal(t, s.Version, db.Server.Version)
		require.Positive(t, db.Server.Major)
		require.GreaterOrEqual(t, db.Server.MaxAllowedPacket, int64(1<<20))
	})
}

func TestSessionsAreSetUpWhateverTheServersDefaultsAre(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, d DATE)")
		const ask = "SELECT CONCAT_WS('|', @@time_zone, @@autocommit, @@character_set_client, " +
			"@@character_set_results, @@sql_mode, @@lock_wait_timeout, @@wait_timeout)"
		source := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for range 3 { // more than one connection of the pool
			conn := dbtest.Session(t, source.DB)
			var got string
			require.NoError(t, conn.QueryRowContext(t.Context(), ask).Scan(&got))
			require.True(t, strings.HasPrefix(got, "+00:00|"), got)
			require.True(t, strings.HasSuffix(got, "|utf8mb4|utf8mb4|ALLOW_INVALID_DATES|30|60"), got)
		}
		_, err := source.ExecContext(t.Context(), "INSERT INTO "+schema+".t VALUES (1, NULL)")
		require.EqualValues(t, 1792, mysqlerr.NumberOf(err), "a source session must not be able to write")

		target := dbtest.Open(t, s, mysqldb.Options{Name: "dst", Role: mysqldb.Target})
		var got, isolation string
		require.NoError(t, target.QueryRowContext(t.Context(), ask).Scan(&got))
		require.Contains(t, got, "STRICT_ALL_TABLES")
		require.Contains(t, got, "NO_AUTO_VALUE_ON_ZERO")
		require.True(t, strings.HasSuffix(got, "|30|60"), got)
		name := "@@transaction_isolation"
		if s.Flavor == servers.FlavorMariaDB {
			name = "@@tx_isolation"
		}
		require.NoError(t, target.QueryRowContext(t.Context(), "SELECT "+name).Scan(&isolation))
		require.Equal(t, "READ-COMMITTED", isolation)
		_, err = target.ExecContext(t.Context(), "INSERT INTO "+schema+".t VALUES (0, '2024-02-30')")
		require.NoError(t, err)
		require.Equal(t, []string{"0"}, dbtest.Texts(t, admin, "SELECT id FROM t"))
	})
}

// A server that was upgraded, or one of another version at the same address, is asked again what it is.
func TestASessionIsSetUpAfterAnUpgrade(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		before := mysqldb.Server{Flavor: mysqldb.FlavorMySQL, Major: 5, Minor: 7}
		for _, role := range []mysqldb.Role{mysqldb.Source, mysqldb.Target} {
			conn, now, err := mysqldb.ConnectKnowing(t.Context(), s.DSN(""), role, before)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			require.EqualValues(t, s.Flavor, now.Flavor)
			require.Greater(t, now.Major, before.Major)
		}
	})
}

func TestOpenRefusesParametersThatWouldChangeWhatRowsMean(t *testing.T) {
	for _, param := range []string{
		"allowAllFiles=true", "clientFoundRows=true", "multiStatements=1", "time_zone=%27SYSTEM%27", "sql_mode=%27%27",
		"autocommit=0", "strict=true", "tls=preferred", "tls=custom", "allowFallbackToPlaintext=true",
		"sql_select_limit=5",
	} {
		_, err := mysqldb.Open(t.Context(), "user:s3cret@tcp(127.0.0.1:1)/db?"+param, mysqldb.Options{Name: "shop"})
		require.ErrorIs(t, err, mysqlerr.ErrBadDSN, param)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

func TestOpenNeverRepeatsTheDSN(t *testing.T) {
	for _, dsn := range []string{
		"user:s3cret@tcp(127.0.0.1:1)/", "user:s3cret", "user:s3/cret@tcp(x)", "user:p@s3cret@tcp(127.0.0.1:1/",
		"user:x@s3cret(127.0.0.1)/",
		"user:x@tcp(127.0.0.1:1)/?parseTime=s3cret", "user:x@tcp(127.0.0.1:1)/?tls=s3cret",
		"user:x@tcp(127.0.0.1:1)/%zzs3cret", "",
	} {
		_, err := mysqldb.Open(t.Context(), dsn, mysqldb.Options{Name: "shop"})
		require.Error(t, err, dsn)
		require.NotContains(t, err.Error(), "s3cret", dsn)
		require.Contains(t, err.Error(), `connection "shop"`)
	}
}

func TestHarmlessParametersOfOtherProgramsAreIgnored(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, err := mysqldb.Open(
			t.Context(),
			s.DSN("")+"?parseTime=true&loc=Local&charset=utf8&interpolateParams=false&columnsWithAlias=true",
			mysqldb.Options{},
		)
		require.NoError(t, err)
		var at, charset string
		require.NoError(
			t,
			db.QueryRowContext(
				t.Context(), "SELECT TIMESTAMP'2024-01-01 00:00:00', @@character_set_results",
			).Scan(&at, &charset),
		)
		require.Equal(t, "2024-01-01 00:00:00 utf8mb4", at+" "+charset)
		require.NoError(t, db.Close())
	})
}

// A server that asks for a local file gets nothing.
func TestALocalFileIsNeverSent(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(t, admin, "CREATE TABLE t (line TEXT)")
		before := dbtest.Texts(t, admin, "SELECT @@GLOBAL.local_infile")[0]
		dbtest.Exec(t, admin, "SET GLOBAL local_infile = 1")
		t.Cleanup(func() {
			_, err := s.DB(t, "").ExecContext(context.WithoutCancel(t.Context()), "SET GLOBAL local_infile = "+before)
			require.NoError(t, err)
		})
		file := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(file, []byte("s3cret\n"), 0o600))
		db := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target})
		_, err := db.ExecContext(t.Context(), "LOAD DATA LOCAL INFILE '"+file+"' INTO TABLE "+schema+".t")
		require.Error(t, err)
		require.Equal(t, []string{"0"}, dbtest.Texts(t, admin, "SELECT COUNT(*) FROM t"))
	})
}

// requireTextRows reads a value past the driver, or of an encrypted connection by the driver.
func requireTextRows(t *testing.T, db *mysqldb.DB, text bool) {
	t.Helper()
	require.NoError(t, db.QueryRaw(t.Context(), func(q driver.QueryerContext) error {
		rows, err := q.(mysqldb.TextQueryer).QueryText(t.Context(), "SELECT 'seven', NULL")
		require.NoError(t, err)
		defer func() { require.NoError(t, rows.Close()) }()
		plain, ok := rows.(mysqldb.TextRows)
		require.Equal(t, text, ok)
		if !ok {
			values := make([]driver.Value, 2)
			require.NoError(t, rows.Next(values))
			require.Equal(t, []driver.Value{[]byte("seven"), nil}, values)
			return nil
		}
		row, err := plain.NextText()
		require.NoError(t, err)
		require.Equal(t, "\x05seven\xfb", string(row))
		_, err = plain.NextText()
		require.ErrorIs(t, err, io.EOF)
		return nil
	}))
}

func TestTLSModes(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		for _, host := range []string{"127.0.0.1", "other.example"} {
			t.Run(string(flavor)+"/"+host, func(t *testing.T) {
				dir, err := os.MkdirTemp("", "tablehaul-tls") // readable by the account that mysqld runs as
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
				require.NoError(t, os.Chmod(dir, 0o755))
				cert, key := dbtest.Certificate(t, dir, host)
				s := servers.Private(t, flavor, "--ssl-cert="+cert, "--ssl-key="+key, "--ssl-ca="+cert)
				cipher := func(o mysqldb.Options) (string, error) {
					db, err := mysqldb.Open(t.Context(), s.DSN(""), o)
					if err != nil {
						return "", err
					}
					defer func() { require.NoError(t, db.Close()) }()
					var name, value string
					err = db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &value)
					if err == nil {
						requireTextRows(t, db, value == "")
					}
					return value, err
				}
				good := host == "127.0.0.1"
				for _, c := range []struct {
					o         mysqldb.Options
					encrypted bool
					fails     bool
				}{
					{mysqldb.Options{}, false, false},
					{mysqldb.Options{TLS: dsn.TLSRequired}, true, false},
					{mysqldb.Options{TLS: dsn.TLSVerifyCA}, true, true},
					{mysqldb.Options{TLS: dsn.TLSVerifyCA, CAFile: cert}, true, false},
					{mysqldb.Options{TLS: dsn.TLSVerifyIdentity, CAFile: cert}, true, !good},
					{mysqldb.Options{TLS: dsn.TLSVerifyIdentity}, true, true},
				} {
					got, err := cipher(c.o)
					if c.fails {
						require.Error(t, err, "%+v", c.o)
						continue
					}
					require.NoError(t, err, "%+v", c.o)
					require.Equal(t, c.encrypted, got != "", "%+v", c.o)
				}
			})
		}
	}
}

func TestAServerElsewhereIsNeverSpokenToInTheClear(t *testing.T) {
	// 192.0.2.1 is nowhere: with a dial that fails at once, only the choice of TLS can differ.
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := mysqldb.Open(
		ctx, "user:s3cret@tcp(192.0.2.1:3306)/?allowCleartextPasswords=true", mysqldb.Options{TLS: dsn.TLSDisabled},
	)
	require.ErrorIs(t, err, mysqlerr.ErrBadDSN)
	_, err = mysqldb.Open(
		ctx, "user:s3cret@tcp(192.0.2.1:3306)/?tls=false", mysqldb.Options{TLS: dsn.TLSVerifyIdentity},
	)
	require.ErrorIs(t, err, mysqlerr.ErrBadDSN)
	_, err = mysqldb.Open(ctx, "user:s3cret@tcp(192.0.2.1:3306)/", mysqldb.Options{TLS: "maybe"})
	require.ErrorContains(t, err, `unknown tls mode "maybe"`)
}
