package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestDigestChangesWithTheSettings(t *testing.T) {
	const text = `
connections: { a: { dsn: "${SECRET}" }, b: { dsn: "u@tcp(h)/" } }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: a, targetConnection: b }
tables: [{ name: shop.orders, cursor: id }]
`
	digest := func(text string, opts ...Option) string {
		c, err := Load(strings.NewReader(text), func(string) string { return "u@tcp(h)/" }, opts...)
		require.NoError(t, err)
		got, err := c.Digest(table.Name{Schema: "shop", Table: "orders"})
		require.NoError(t, err)
		return got
	}
	was := digest(text)
	require.Len(t, was, digestLength)
	require.Equal(t, was, digest(text, WithoutSecrets()), "the command line does not read secrets")
	require.NotEqual(t, was, digest(strings.Replace(text, "cursor: id", "cursor: id, schedule: 5m", 1)),
		"a worker says when the table is stale, which follows the schedule")
	fixed := strings.Replace(text, "cursor: id", "cursor: id, staleAfter: 2h", 1)
	require.Equal(t, digest(fixed), digest(strings.Replace(fixed, "cursor: id", "cursor: id, schedule: 5m", 1)),
		"a worker does not use it")
	require.NotEqual(t, was, digest(strings.Replace(text, "cursor: id", "cursor: seq", 1)))
	require.NotEqual(t, was, digest(strings.Replace(text, "/x\"", "/x\", compression: zstd", 1)))
}

// everyVariable has a variable at each value that could be one, with the value that it stands for. «» are the quotes.
const everyVariable = `
connections: { a: { dsn: «u@tcp(h)/» }, b: { dsn: "u@tcp(127.0.0.1)/" } }
staging: { url: «file:///tmp/x», compression: «zstd» }
worker: { host: «host-1» }
notifications: { webhook: «http://h/x», secret: «Bearer x» }
defaults: { sourceConnection: «a», targetConnection: «b», staleAfter: «2h» }
tables:
  - name: «shop.orders»
    target: «dw.orders»
    cursor: «id»
    maskKey: «a key of some length»
    where: «id > 7»
    tuning: { chunkRows: «1000» }
    columns: { mask: { mail: «hmac» }, exclude: [«note»] }
  - name: lake.orders
    target: dw.lake
    files:
      url: «s3://lake/export?region=eu-central-1»
      match: [«*.csv»]
      complete: «settled:1m»
      after: «move:done»
      csv: { delimiter: «;», nulls: [«NULL»] }
`

// plainly is everyVariable with the values in the file, but for a mask key, which has to be a variable.
var plainly = strings.NewReplacer("«a key of some length»", `"${KEY}"`, "«", `"`, "»", `"`)

// The command line and a worker compare the settings of a file that both read, wherever it has a variable: of what only
// workers read, the variable itself counts.
func TestDigestIsTheSameWithAndWithoutSecrets(t *testing.T) {
	const theKey = "a key of some length"
	parts := strings.Split(everyVariable, "«")
	for i, part := range parts[1:] {
		value, _, ok := strings.Cut(part, "»")
		require.True(t, ok)
		text := plainly.Replace(strings.Join(parts[:i+1], "«")) + `"${V}"` +
			plainly.Replace(strings.Join(append([]string{part[len(value)+len("»"):]}, parts[i+2:]...), "«"))
		for _, block := range []string{`"${V}"`, "|-\n        ${V}"} {
			if block != `"${V}"` && !strings.Contains(text, "url: "+`"${V}"`+"\n") {
				continue
			}
			text := strings.Replace(text, `"${V}"`, block, 1)
			worker := digestsOf(t, text, map[string]string{"V": value, "KEY": theKey})
			require.Equal(t, worker, digestsOf(t, text, map[string]string{"V": value, "KEY": theKey}, WithoutSecrets()),
				"%s", text)
			unset := func(string) string { return "" }
			if c, err := Load(strings.NewReader(text), unset, WithoutSecrets()); err == nil {
				require.Equal(t, worker, digestsIn(t, c), "%s", text)
			}
		}
	}
	env := map[string]string{"V": "file:///lake", "KEY": theKey, "KEY2": theKey}
	of := func(url, key string) map[string]string {
		text := strings.Replace(everyVariable, "«s3://lake/export?region=eu-central-1»", `"`+url+`"`, 1)
		text = strings.Replace(text, "«"+theKey+"»", `"`+key+`"`, 1)
		return digestsOf(t, plainly.Replace(text), env)
	}
	was := of("${V}", "${KEY}")
	require.NotEqual(t, was["lake.orders"], of("${V}/x", "${KEY}")["lake.orders"])
	require.NotEqual(t, was["shop.orders"], of("${V}", "${KEY2}")["shop.orders"])
}

func digestsOf(t *testing.T, text string, env map[string]string, opts ...Option) map[string]string {
	t.Helper()
	c, err := Load(strings.NewReader(text), func(name string) string { return env[name] }, opts...)
	require.NoError(t, err, "%s", text)
	return digestsIn(t, c)
}

func digestsIn(t *testing.T, c *Config) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, one := range c.Tables() {
		digest, err := c.Digest(one.Name)
		require.NoError(t, err)
		out[one.Name.String()] = digest
	}
	return out
}

// A command is run once for a file, so that it cannot print two values.
func TestACommandOfAFileRunsOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	text := plainly.Replace(strings.Replace(everyVariable, "«id > 7»", `"id > ${exec:echo x >> '`+log+`'; wc -l < '`+
		log+`'}"`, 1))
	digestsOf(t, text, map[string]string{"KEY": "a key of some length"})
	runs, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Equal(t, "x\n", string(runs))
}
