package config_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

var update = flag.Bool("update", false, "write the golden files and docs/configuration.md again")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run: go test ./internal/config -update")
}

func TestEveryProblemOfAFileIsListedAtOnce(t *testing.T) {
	_, err := config.LoadFile("testdata/problems.yaml", env("SECRET_NUMBER", sentinel))
	var problems *config.Problems
	require.ErrorAs(t, err, &problems)
	require.NotContains(t, err.Error(), sentinel)
	golden(t, "testdata/problems.golden", err.Error()+"\n")
}

func TestBrokenFiles(t *testing.T) {
	for name, text := range map[string]string{
		"empty":            "",
		"not YAML":         "connections:\n  shop: { dsn: \"root:" + sentinel + "@tcp(h)/\n",
		"unquoted flow":    "connections: { shop: { dsn: ${" + sentinel + "} } }\n",
		"same key twice":   "staging: {}\nstaging: {}\n",
		"a list":           "- " + sentinel + "\n",
		"two documents":    "staging: {}\n---\nstaging: {}\n",
		"a text":           sentinel,
		"connections list": "connections: [ " + sentinel + " ]\nstaging: " + sentinel + "\ntables: { a: b }\n",
		"too large":        "# " + strings.Repeat("x", 1<<20),
	} {
		_, err := config.Load(strings.NewReader(text), env())
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), sentinel, name)
		golden(t, "testdata/broken-"+strings.ReplaceAll(name, " ", "-")+".golden", err.Error()+"\n")
	}
}

func TestPatternsThatShareATarget(t *testing.T) {
	for entries, want := range map[string]string{
		// The same source table can only belong to one entry, so these are fine.
		`[{name: "a.log_*"}, {name: "a.*"}]`:                                         "",
		`[{name: "a.log_a*", target: "d.l_a*"}, {name: "a.log_*", target: "d.l_*"}]`: "",
		`[{name: "a.x_*", target: "d.x_*"}, {name: "a.y_*", target: "d.y_*"}]`:       "",
		`[{name: a.x}, {name: "a.*"}]`:                                               "",
		// Two source tables would be written into one.
		`[{name: "a.*", target: "d.*"}, {name: "b.*", target: "d.*"}]`:         "d.*",
		`[{name: "a.*", target: "d.*"}, {name: b.x, target: d.x}]`:             "d.x",
		`[{name: "a.log_*", target: "d.*"}, {name: "a.old_*", target: "d.*"}]`: "d.*",
		`[{name: "a.*", target: "d.x*"}, {name: "b.*", target: "d.*y"}]`:       "d.*y",
	} {
		_, err := config.Load(strings.NewReader(strings.Replace(small, "tables:", "tables: "+entries, 1)), shopEnv)
		if want == "" {
			require.NoError(t, err, entries)
			continue
		}
		require.ErrorContains(t, err, "tables[1].target: "+want+" is a target of tables[0] already", entries)
	}
}

const begin, end = "<!-- begin reference -->\n", "<!-- end reference -->\n"

func TestDocsListEveryKey(t *testing.T) {
	const path = "../../docs/configuration.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	golden(t, path, before+begin+"\n"+config.Reference()+end+after)
}

func FuzzLoadNeverPanicsOrShowsASecret(f *testing.F) {
	for _, path := range []string{"testdata/problems.yaml", "../../tablehaul.yaml"} {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file:") || strings.Contains(text, sentinel) {
			return
		}
		c, err := config.Load(strings.NewReader(text), func(string) string { return sentinel })
		if err != nil {
			require.NotContains(t, err.Error(), sentinel)
			return
		}
		for _, one := range c.Tables() {
			_, err := c.Table(one.Name)
			require.NoError(t, err)
		}
	})
}
