package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

func TestSecretFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dsn")
	require.NoError(t, os.WriteFile(path, []byte("u:"+sentinel+"@tcp(h:3306)/\n"), 0o600))
	text := strings.Replace(small, "${SHOP_DSN}", "${file:"+path+"}", 1) + "  - { name: shop.a }\n"
	c := load(t, text, env())
	require.Equal(t, "u:"+sentinel+"@tcp(h:3306)/", c.Connections["shop"].DSN.Reveal())
	c = load(t, strings.Replace(text, "${file:"+path+"}", "u:$${X}@tcp(h)/", 1), env())
	require.Equal(t, "u:${X}@tcp(h)/", c.Connections["shop"].DSN.Reveal())
}

func TestWithoutSecretsNeedsNoEnvironment(t *testing.T) {
	c, err := config.LoadFile("../../tablehaul.yaml", env(), config.WithoutSecrets())
	require.NoError(t, err)
	require.Len(t, c.Tables(), 2)
}

func TestSecretsStayHidden(t *testing.T) {
	c, err := config.LoadFile("../../tablehaul.yaml", shopEnv)
	require.NoError(t, err)
	printed, err := json.Marshal(c)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), string(printed)} {
		require.NotContains(t, text, sentinel)
	}
	require.Equal(t, "reader:***@tcp(10.0.0.1:3306)/", c.Connections["shop"].DSN.String())
	require.Equal(t, "tablehaul:***@tcp(warehouse.example.com:3306)/", c.Connections["warehouse"].DSN.String())
	require.Contains(t, c.Connections["shop"].DSN.Reveal(), sentinel)
	for in, want := range map[string]string{
		"": "", "no slash " + sentinel: "***", "u@tcp(h)/db": "u@tcp(h)/db", "tcp(h)/": "tcp(h)/",
		"u:" + sentinel + "@" + sentinel + "/x@unix(/tmp/s)/db?a=/": "u:***",
	} {
		got := config.DSN(in).String()
		require.NotContains(t, got, sentinel, in)
		require.True(t, strings.HasPrefix(got, want), "%s: %s", in, got)
	}
}
