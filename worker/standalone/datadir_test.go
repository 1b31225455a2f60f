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
