// Package tools_test holds the tests of the scripts in this folder.
package tools_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// write writes files below a folder, and makes the folders that they need.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
}

// database is a copy of a database of vulnerabilities, as a URL. It knows of one, which is in
// a function of the standard library, or of none where function is empty.
func database(t *testing.T, function string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"index/db.json": `{"modified":"2026-01-01T00:00:00Z"}`, "index/modules.json": "[]"}
	if function != "" {
		files["index/modules.json"] = `[{"path":"stdlib","vulns":[{"id":"GO-2026-9999","modified":"2026-01-01T00:00:00Z"}]}]`
		files["ID/GO-2026-9999.json"] = `{"schema_version":"1.3.1","id":"GO-2026-9999","modified":"2026-01-01T00:00:00Z",` +
			`"summary":"made up","database_specific":{"url":"https://pkg.go.dev/vuln/GO-2026-9999"},` +
			`"affected":[{"package":{"name":"stdlib","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],` +
			`"ecosystem_specific":{"imports":[{"path":"net/url","symbols":["` + function + `"]}]}}]}`
	}
	write(t, dir, files)
	return "file://" + dir
}

// A known vulnerability ends make vulncheck, and with it make lint; a database that cannot be
// reached does not, but is no silence either.
func TestVulncheckFindsPassesAndSaysThatItCouldNotLook(t *testing.T) {
	module := t.TempDir()
	write(t, module, map[string]string{
		"go.mod":  "module example.com/m\n\ngo 1.26\n",
		"main.go": "package main\n\nimport \"net/url\"\n\nfunc main() { _, _ = url.Parse(\"\") }\n",
	})
	for name, c := range map[string]struct {
		db     string
		passes bool
		says   string
	}{
		"nothing is known":                   {database(t, ""), true, "No vulnerabilities found"},
		"a vulnerable function is called":    {database(t, "Parse"), false, "url.Parse"},
		"a vulnerable function is there":     {database(t, "QueryEscape"), true, "0 vulnerabilities"},
		"the database cannot be reached":     {"http://127.0.0.1:1", true, "Vulnerabilities were NOT checked"},
		"the setting names a missing folder": {"file:///nowhere", false, "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "make", "vulncheck", "VULN_MODULES="+module)
			cmd.Dir, cmd.Env = "..", append(os.Environ(), "TABLEHAUL_VULNDB="+c.db)
			out, err := cmd.CombinedOutput()
			require.Equal(t, c.passes, err == nil, "%s", out)
			require.Contains(t, string(out), c.says)
		})
	}
}
