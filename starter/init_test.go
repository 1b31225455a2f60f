package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInitRefusesBeforeItConnects(t *testing.T) {
	there := filepath.Join(t.TempDir(), "tablehaul.yaml")
	require.NoError(t, os.WriteFile(there, []byte("mine"), 0o600))
	fresh := filepath.Join(t.TempDir(), "fresh.yaml")
	for want, args := range map[string][]string{
		"tablehaul.yaml exists, and init does not change it":  {"--file", there},
		"the environment variable SOURCE_DSN is not set":      {"--file", fresh},
		"a DSN itself does not belong on a command line":      {"--file", fresh, "--source", "root:S3NT1NEL@tcp(h)/"},
		`"tmp" is not a table's name`:                         {"--file", fresh, "--exclude", "tmp"},
		"--staging is \"relative\": give an absolute path":    {"--file", fresh, "--staging", "relative"},
		"--file - and --output json both use standard output": {"--file", "-", "--output", "json"},
		`--target-schema: "a.b" is not a schema's name`:       {"--file", fresh, "--target-schema", "a.b"},
	} {
		got := call(t, nil, append([]string{"init"}, args...)...)
		require.Equal(t, exitUsage, got.code, args)
		require.Contains(t, got.stderr, want)
		require.NotContains(t, got.stderr, "S3NT1NEL")
	}
	text, err := os.ReadFile(there)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	require.NoFileExists(t, fresh)
}

func TestInitSaysWhyTheSourceCannotBeReached(t *testing.T) {
	a, _, stderr := testApp(t, nil, map[string]string{"SHOP_DSN": "u:S3NT1NEL@tcp(127.0.0.1:1)/"})
	fresh := filepath.Join(t.TempDir(), "fresh.yaml")
	require.Equal(t, exitFailed, a.execute(t.Context(), []string{"init", "--source", "SHOP_DSN", "--file", fresh}))
	require.Contains(t, stderr.String(), "--source (SHOP_DSN): ")
	require.Contains(t, stderr.String(), "refused")
	require.NotContains(t, stderr.String(), "S3NT1NEL")
	require.NoFileExists(t, fresh)
}

// Workers run on Unix, so that Windows names no folder of its own.
func TestTheDefaultFolderForStagedFiles(t *testing.T) {
	for want, c := range map[string][]string{
		"/home/ann/.local/share/tablehaul/staging": {"linux", "HOME", "/home/ann"},
		"/data/tablehaul/staging":                  {"darwin", "XDG_DATA_HOME", "/data"},
		"/var/lib/tablehaul/staging":               {"windows", "HOME", `C:\Users\ann`},
	} {
		got := defaultStaging(c[0], func(name string) string {
			if name == c[1] {
				return c[2]
			}
			return ""
		})
		require.Equal(t, want, got)
	}
}

func TestConnectionsAreNamedAfterTheirVariables(t *testing.T) {
	for text, want := range map[string]string{
		"SHOP_DSN": "shop", "SOURCE_MYSQL_URL": "source", "DSN": "dsn",
		"file:/run/x": "fallback", "CRM": "crm",
	} {
		c, err := connection("--source", text, "fallback")
		require.NoError(t, err)
		require.Equal(t, want, c.Name)
	}
}
