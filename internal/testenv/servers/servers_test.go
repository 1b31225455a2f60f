package servers_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

func TestSharedServerIsTheFlavorAskedFor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := s.DB(t, s.Schema(t))
		var version string
		var localInfile, logBin bool
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT VERSION(), @@local_infile, @@log_bin").Scan(&version,
			&localInfile, &logBin))
		require.Equal(t, s.Version, version)
		require.True(t, localInfile)
		require.False(t, logBin)
		_, err := db.ExecContext(t.Context(), "CREATE TABLE t (id INT PRIMARY KEY)")
		require.NoError(t, err)
	})
}

func TestSchemaIsDroppedWithItsTest(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		var name string
		t.Run("makes", func(t *testing.T) { name = s.Schema(t) })
		var n int
		err := s.DB(t, "").QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.schemata WHERE "+
			"schema_name = ?", name).Scan(&n)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestPrivateServerSurvivesKillAndPause(t *testing.T) {
	for _, f := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(f), func(t *testing.T) {
			s := servers.Private(t, f, "--log-bin=binlog", "--server-id=7")
			schema := s.Schema(t)
			db := s.DB(t, schema)
			_, err := db.ExecContext(t.Context(), "CREATE TABLE t (id INT PRIMARY KEY)")
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), "INSERT INTO t VALUES (42)")
			require.NoError(t, err)
			var logBin bool
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT @@log_bin").Scan(&logBin))
			require.True(t, logBin)

			s.Kill(t)
			require.Error(t, db.PingContext(t.Context()))
			s.Restart(t)
			var id int
			require.NoError(t, s.DB(t, schema).QueryRowContext(t.Context(), "SELECT id FROM t").Scan(&id))
			require.Equal(t, 42, id)

			s.Pause(t)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, s.DB(t, schema).PingContext(ctx), context.DeadlineExceeded)
			s.Resume(t)
			require.NoError(t, s.DB(t, schema).PingContext(t.Context()))
		})
	}
}

func TestDataDirKeepsItsDataBetweenServers(t *testing.T) {
	// not t.TempDir(): where tests run as root, servers run as nobody, who cannot enter it
	parent, err := os.MkdirTemp("", "tablehaul-datadir-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(parent)) })
	require.NoError(t, os.Chmod(parent, 0o755))
	opts := servers.Options{DataDir: parent + "/data", BufferPoolMB: 64}

	first, err := servers.Start(t.Context(), servers.FlavorMariaDB, opts)
	require.NoError(t, err)
	_, err = first.DB(t, "").ExecContext(t.Context(), "CREATE DATABASE kept")
	require.NoError(t, err)
	require.NoError(t, first.Stop())

	second, err := servers.Start(t.Context(), servers.FlavorMariaDB, opts)
	require.NoError(t, err)
	var pool int
	require.NoError(t, second.DB(t, "kept").QueryRowContext(t.Context(),
		"SELECT @@innodb_buffer_pool_size >> 20").Scan(&pool))
	require.Equal(t, 64, pool)
	require.NoError(t, second.Stop())
}

func TestStartSaysWhyEveryLayerFailed(t *testing.T) {
	t.Setenv("PATH", "")
	t.Setenv("TABLEHAUL_TEST_CACHE", "/proc/none")
	t.Setenv("TABLEHAUL_TEST_MYSQL_DSN", "")
	t.Setenv("TABLEHAUL_TEST_MYSQL_IMAGE", "")
	_, err := servers.Start(t.Context(), servers.FlavorMySQL, servers.Options{})
	require.ErrorContains(t, err, "set TABLEHAUL_TEST_MYSQL_DSN")
	require.ErrorContains(t, err, "no docker command on PATH")
	require.ErrorContains(t, err, "no mysql server on PATH")
	require.ErrorContains(t, err, "make cache folder")
}

func TestEnvironmentServerIsUsedButNeverWithTheWrongFlavor(t *testing.T) {
	maria := servers.MariaDB(t)
	t.Setenv("TABLEHAUL_TEST_MARIADB_DSN", maria.DSN(""))
	s, err := servers.Start(t.Context(), servers.FlavorMariaDB, servers.Options{})
	require.NoError(t, err)
	require.Equal(t, maria.DSN("x"), s.DSN("x"))
	require.Equal(t, "TABLEHAUL_TEST_MARIADB_DSN", s.Origin)
	require.NoError(t, s.Stop())
	require.NoError(t, maria.DB(t, "").PingContext(t.Context()), "a server of the environment is not stopped")

	t.Setenv("TABLEHAUL_TEST_MYSQL_DSN", maria.DSN(""))
	_, err = servers.Start(t.Context(), servers.FlavorMySQL, servers.Options{})
	require.ErrorContains(t, err, "not mysql")

	t.Setenv("TABLEHAUL_TEST_MYSQL_DSN", "root:secretpassword@@@")
	_, err = servers.Start(t.Context(), servers.FlavorMySQL, servers.Options{})
	require.ErrorContains(t, err, "TABLEHAUL_TEST_MYSQL_DSN is not a DSN")
	require.NotContains(t, err.Error(), "secretpassword")
}
