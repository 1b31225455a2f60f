package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

func withDSN(dsn, more string) string {
	return "connections:\n  shop: { dsn: \"" + dsn + "\"" + more + " }\n" +
		"staging: { url: \"file:///tmp/x\" }\ndefaults: { sourceConnection: shop, targetConnection: shop }\ntables: " +
		"[ { name: shop.orders, target: dw.orders } ]\n"
}

// A DSN that no server could be reached by is refused with what is wrong and what to write.
func TestADSNThatCanNeverBeUsedIsRefused(t *testing.T) {
	for dsn, wrong := range map[string]string{
		"mysql://u:s3cret@h:3306/db":                  "it is a URL",
		"jdbc:mysql://h:3306/db?password=s3cret":      "it is a URL",
		"mariadb://u:s3cret@h/db":                     "it is a URL",
		"u:s3cret@h:3306/db":                          "outside of tcp( )",
		"u:s3cret@h/db":                               "outside of tcp( )",
		"u:s3cret@udp(h:3306)/":                       "outside of tcp( )",
		"u:s3cret@tcp(h:3306)":                        "the slash before the database name is missing",
		"u:s3cret@tcp(h:33o6)/":                       "the port in tcp( ) is not a number",
		"u:s3cret@tcp(h:99999)/":                      "the port in tcp( ) is not a number",
		"u:s3cret@tcp(h:3306:3307)/":                  "not host:port",
		"u:s3cret@tcp(h:3306/":                        "brace after the address",
		"u:s3cret@tcp(h:3306)/?tls=preferred":         "tls=preferred",
		"u:s3cret@tcp(h:3306)/?tls=verify":            "its tls parameter",
		"u:s3cret@tcp(h:3306)/?multiStatements=true":  "multiStatements",
		"u:s3cret@tcp(h:3306)/?timeout=30":            "has no unit",
		"u:s3cret@tcp(h:3306)/?parseTime=maybe":       "true or false",
		"u:s3cret@unix(/run/mysqld.sock)/?tls=true":   "a unix socket is not encrypted",
		"u:s3cret@tcp(h:3306)/?allowAllFiles=true":    "allowAllFiles",
		"u:${PASSWORD}@h:3306/":                       "outside of tcp( )",
		"mysql://u:${PASSWORD}@h:3306/":               "it is a URL",
		"u:${PASSWORD}@tcp(h:${PORT})/?tls=preferred": "tls=preferred",
	} {
		for _, opts := range [][]config.Option{nil, {config.WithoutSecrets()}} {
			_, err := config.Load(strings.NewReader(withDSN(dsn, "")), env("PASSWORD", "s3cret", "PORT", "3306"),
				opts...)
			require.ErrorContains(t, err, "connections.shop.dsn: cannot be used with any server: ", dsn)
			require.ErrorContains(t, err, wrong, dsn)
			require.NotContains(t, err.Error(), "s3cret", dsn)
		}
	}
	for dsn, more := range map[string]string{
		"u:p@tcp(h:3306)/": "", "u:p@tcp(h)/db": "", "u:p@(h:3306)/": "", "u:p@unix(/run/mysqld.sock)/": "",
		"u:p@tcp([::1]:3306)/?timeout=3s": "",
		"u:p/@:x@tcp(h:3306)/":            "", "u:p@tcp(h:3306)/?tls=true": "",
		"u:p@tcp(h:3306)/?charset=utf8mb4&parseTime=true&loc=Local": ", tls: required",
	} {
		_, err := config.Load(strings.NewReader(withDSN(dsn, more)), env())
		require.NoError(t, err, dsn)
	}
	_, err := config.Load(strings.NewReader(withDSN("u:p@tcp(h:3306)/?tls=true", ", tls: disabled")), env())
	require.ErrorContains(t, err, "the connection's tls setting says disabled")
	_, err = config.Load(strings.NewReader(withDSN("${DSN}", "")), env("DSN", "mysql://u:s3cret@h"))
	require.ErrorContains(t, err, "it is a URL")
	_, err = config.Load(strings.NewReader(withDSN("${DSN}", "")), env(), config.WithoutSecrets())
	require.NoError(t, err, "nothing is known of it")
}

func TestAMissingFileOfAuthoritiesIsAProblem(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for file, wrong := range map[string]string{
		"/nonexistent/ca.pem": "no such file", empty: "no PEM certificate",
		t.TempDir(): "is a directory",
	} {
		text := withDSN("u:p@tcp(h:3306)/", ", ca: "+file)
		_, err := config.Load(strings.NewReader(text), env())
		require.ErrorContains(t, err, "connections.shop.ca: ")
		require.ErrorContains(t, err, wrong)
		_, err = config.Load(strings.NewReader(text), env(), config.WithoutSecrets())
		require.NoError(t, err, "only workers need it")
	}
}

func TestASecretOfAFileOrACommandIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("old\n"), 0o600))
	for _, secret := range []string{"${file:" + file + "}", "${exec:cat '" + file + "'}"} {
		require.NoError(t, os.WriteFile(file, []byte("old\n"), 0o600))
		conn := load(t, withDSN("u:"+secret+"@tcp(h:3306)/", ""), env()).Connections["shop"]
		require.Equal(t, "u:old@tcp(h:3306)/", conn.DSN.Reveal())
		require.True(t, conn.CanChange())
		require.NoError(t, os.WriteFile(file, []byte("new\n"), 0o600))
		dsn, err := conn.ReadAgain(env())
		require.NoError(t, err)
		require.Equal(t, "u:new@tcp(h:3306)/", dsn.Reveal())
	}
	conn := load(t, withDSN("u:${P}@tcp(h:3306)/", ""), env("P", "x")).Connections["shop"]
	require.False(t, conn.CanChange(), "a process's environment stays")
	dsn, err := conn.ReadAgain(env())
	require.NoError(t, err)
	require.Equal(t, conn.DSN, dsn)
}

func TestACommandThatFailsIsAProblemWithoutItsOutput(t *testing.T) {
	for command, wrong := range map[string]string{
		"echo s3cret; exit 3":            "exit status 3",
		"true":                           "prints nothing",
		"head -c 100000 /dev/zero":       "more than 64KiB",
		"nosuchcommand 2>&1; echo >&2 x": "", // what is printed is taken, with any other output
	} {
		_, err := config.Expand("${exec:"+command+"}", env())
		if wrong == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, wrong, command)
		require.NotContains(t, strings.ReplaceAll(err.Error(), command, ""), "s3cret")
	}
}
