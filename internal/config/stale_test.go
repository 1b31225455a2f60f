package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

func TestTheLongestTimeBetweenTwoRuns(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"off": 0, "15m": 15 * time.Minute, "72h": 72 * time.Hour,
		"*/15 * * * *": 15 * time.Minute, "0 * * * *": time.Hour, "0 3 * * *": day, "0 3,15 * * *": 12 * time.Hour,
		"0 8-18/2 * * *": 14 * time.Hour, "0 9 * * mon-fri": 3 * day, "*/5 9-17 * * mon-fri": 2*day + 15*time.Hour + 5*
			time.Minute,
		"0 3 * * 0": 7 * day, "0 3 1 * *": 31 * day, "0 0 31 * *": 61 * day, "0 0 1 jan *": 366 * day,
		"0 0 29 2 *": 1461 * day, "0 0 30 2 *": 0, "59 23 * * *": day, "0 3 * * * Europe/Berlin": day,
	} {
		s, err := config.ParseSchedule(text)
		require.NoError(t, err, text)
		require.Equal(t, want, s.Longest(), text)
	}
}

// staleOf is what the file says of the only table, and its warnings.
func staleOf(t *testing.T, keys string) (config.Table, []string) {
	t.Helper()
	text := strings.Replace(withDSN("u:p@tcp(h:3306)/", ""), "tables: [ { name: shop.orders, target: dw.orders } ]\n",
		"tables:\n  - name: shop.orders\n    target: dw.orders\n"+keys, 1)
	c, err := config.Load(strings.NewReader(text), env())
	require.NoError(t, err, keys)
	var warnings []string
	for _, w := range c.Warnings {
		warnings = append(warnings, w.String())
	}
	return c.Tables()[0], warnings
}

// A nightly table is not stale each night.
func TestStaleAfterFollowsTheSchedule(t *testing.T) {
	for keys, want := range map[string]time.Duration{
		"": 24 * time.Hour, "    schedule: 15m\n": 90 * time.Minute, `    schedule: "0 3 * * *"` + "\n": 49 * time.Hour,
		`    schedule: "0 9 * * mon-fri"` + "\n":                145 * time.Hour,
		"    schedule: off\n":                                   24 * time.Hour,
		`    schedule: "0 3 * * *"` + "\n    staleAfter: 26h\n": 26 * time.Hour,
		`    schedule: "0 3 * * *"` + "\n    staleAfter: 0s\n":  0,
	} {
		got, warnings := staleOf(t, keys)
		require.Equal(t, want, got.StaleAfter, keys)
		require.Equal(t, !strings.Contains(keys, "staleAfter"), got.StaleByDefault, keys)
		require.Empty(t, warnings, keys)
	}
	_, warnings := staleOf(t, `    schedule: "0 3 * * *"`+"\n    staleAfter: 12h\n")
	require.Len(t, warnings, 1)
	require.Regexp(t, `^tables\[0\]\.staleAfter: the table is stale before each run: 12h is not more than the 24h `+
		`between two runs of its schedule \(line \d+\); choose more than 24h, or leave it out: the default follows the `+
		`schedule$`, warnings[0])
}

// A secret in a file that all may read draws a warning, one in the environment or in a private file none.
func TestASecretInAFileThatAllMayRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tablehaul.yaml")
	load := func(mode os.FileMode, text string) []config.Problem {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.NoError(t, os.Chmod(file, mode))
		c, err := config.LoadFile(file, env("PASSWORD", "s3cret", "HOOK", "https://h/x"))
		require.NoError(t, err)
		return c.Warnings
	}
	literal := withDSN("u:s3cret@tcp(h:3306)/", "")
	require.Empty(t, load(0o600, literal))
	require.Empty(t, load(0o640, literal), "a group may be made for it")
	got := load(0o644, literal)
	require.Len(t, got, 1)
	require.Regexp(t, `^connections\.\w+\.dsn: a secret is in a file that every user of this machine may read `+
		`\(mode 0644\) \(line \d+\); chmod o-r the file, or write \$\{NAME\} or \$\{file:/path\} in its place$`,
		got[0].String())
	require.NotContains(t, got[0].String(), "s3cret")
	require.Empty(t, load(0o644, withDSN("u:${PASSWORD}@tcp(h:3306)/", "")))
	require.Len(t, load(0o644, withDSN("u:${PASSWORD}@tcp(h:3306)/", "")+
		"notifications: { webhook: \"https://hooks/secret\", secret: \"Bearer x\" }\n"), 2)
	require.Empty(t, load(0o644, withDSN("u@tcp(h:3306)/", "")+"notifications: { webhook: \"${HOOK}\" }\n"))
}

// A file of authorities means encryption: beside a loopback address it is refused rather than left unused.
func TestAuthoritiesOfAConnectionThatIsNotEncrypted(t *testing.T) {
	for dsn, refused := range map[string]bool{
		"u:p@tcp(127.0.0.1:3306)/": true, "u:p@tcp(localhost:3306)/": true, "u:p@tcp(db:3306)/": false,
		"u:p@tcp(127.0.0.1:3306)/?tls=true": false,
	} {
		_, err := config.Load(strings.NewReader(withDSN(dsn, ", ca: /etc/ca.pem")), env(), config.WithoutSecrets())
		if !refused {
			require.NoError(t, err, dsn)
			continue
		}
		require.ErrorContains(t, err, "connections.shop.ca: the ca setting checks nothing: tls is not set, and "+
			"without it a connection to a loopback address is not encrypted")
		require.ErrorContains(t, err, "set tls: verify-ca beside it")
	}
	text := withDSN("u:p@tcp(127.0.0.1:3306)/", ", tls: verify-ca, ca: /etc/ca.pem")
	_, err := config.Load(strings.NewReader(text), env(), config.WithoutSecrets())
	require.NoError(t, err)
}
