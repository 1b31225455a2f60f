package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDataFolderFollowsThePlatform(t *testing.T) {
	env := func(kv map[string]string) func(string) string { return func(k string) string { return kv[k] } }
	require.Equal(t, "/x/data/tablehaul", defaultDataDir(env(map[string]string{
		"XDG_DATA_HOME": "/x/data",
		"HOME":          "/home/me",
	})))
	if dir := defaultDataDir(env(map[string]string{"HOME": "/home/me"})); dir != "/home/me/.local/share/tablehaul" {
		config, err := os.UserConfigDir()
		require.NoError(t, err)
		require.Equal(t, filepath.Join(config, "tablehaul"), dir)
	}
}

func TestDatabaseIsNamedAfterTheServersMinorVersion(t *testing.T) {
	require.Equal(t, "1.32", minorVersion("1.32.1"))
	d, err := openDataDir(t.TempDir())
	require.NoError(t, err)
	require.Equal(t, "temporal-1.32.db", filepath.Base(d.database))
	require.NoError(t, d.close())
}

func TestLargeLogIsPutAside(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "temporal-1.32.log")
	require.NoError(t, os.WriteFile(log, nil, 0o600))
	require.NoError(t, os.Truncate(log, maxLogBytes+1))
	d, err := openDataDir(dir)
	require.NoError(t, err)
	require.NoFileExists(t, log)
	require.FileExists(t, log+".1")
	require.NoError(t, d.close())
}

// A data folder that others may write is refused, one that they may read is named, and its files are private.
func TestADataFolderOfOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err := openDataDir(dir)
	require.ErrorContains(t, err, "--data-dir: every user of this machine may write the folder "+dir+" (mode 0777): "+
		"chmod 700 it")

	require.NoError(t, os.Chmod(dir, 0o755))
	database := filepath.Join(dir, "temporal-1.32.db")
	require.NoError(t, os.WriteFile(database, nil, 0o644))
	d, err := openDataDir(dir)
	require.NoError(t, err)
	require.Contains(t, d.warning, "may list the folder "+dir+" (mode 0755)")
	info, err := os.Stat(database)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, d.close())

	require.NoError(t, os.Chmod(dir, 0o700))
	d, err = openDataDir(dir)
	require.NoError(t, err)
	require.Empty(t, d.warning)
	require.NoError(t, d.close())
}
