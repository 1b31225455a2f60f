package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

const ofLines = `connections:
  shop: { dsn: "${SHOP}" }
  dw: { dsn: "${DW}" }
staging: { url: "file:///var/lib/tablehaul" }
defaults: { sourceConnection: shop, targetConnection: dw }
tables:
  - name: shop.orders # the main one
    cursor: updated_at
    where: |
      region = 'eu'
      AND customer > 0
    columns: { include: [id, customer,
      region, updated_at] }
`

// A file that an editor of Windows has saved says the same: with \r\n at the ends of its lines, and with a byte order
// mark before the first.
func TestAFileWithTheLineEndsOfWindows(t *testing.T) {
	getenv := env("SHOP", "u@tcp(h:1)/", "DW", "u@tcp(h:2)/")
	want, err := config.Load(strings.NewReader(ofLines), getenv)
	require.NoError(t, err)
	require.NotContains(t, want.Tables()[0].Where, "\r")
	windows := strings.ReplaceAll(ofLines, "\n", "\r\n")
	for name, text := range map[string]string{
		"CRLF": windows, "a mark": "\uFEFF" + ofLines, "a mark and CRLF": "\uFEFF" + windows,
		"CRLF and no end": strings.TrimSuffix(windows, "\r\n"),
	} {
		got, err := config.Load(strings.NewReader(text), getenv)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

// The line of a problem is that of the editor, and a secret of a file has no end of line.
func TestProblemsAndSecretsOfAFileWithTheLineEndsOfWindows(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "dsn")
	require.NoError(t, os.WriteFile(secret, []byte("u:p@tcp(h:1)/\r\n"), 0o600))
	text := strings.NewReplacer("${SHOP}", "${file:"+secret+"}", "cursor:", "curser:", "\n", "\r\n").Replace(ofLines)
	_, err := config.Load(strings.NewReader(text), env("DW", "u@tcp(h:2)/"))
	require.ErrorContains(t, err, "(line 8); did you mean cursor?")
	c, err := config.Load(strings.NewReader(strings.Replace(text, "curser:", "cursor:", 1)), env("DW", "u@tcp(h:2)/"))
	require.NoError(t, err)
	require.Equal(t, "u:p@tcp(h:1)/", c.Connections["shop"].DSN.Reveal())
}

func TestAFileThatIsNotUTF8(t *testing.T) {
	var utf16le strings.Builder
	for _, unit := range utf16.Encode([]rune("\uFEFF" + ofLines)) {
		utf16le.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	for _, text := range []string{utf16le.String(), strings.Replace(ofLines, "main", "gro\xdfe", 1)} {
		_, err := config.Load(strings.NewReader(text), env())
		require.EqualError(t, err, "the configuration has 1 problem:\n"+
			"  the file is not UTF-8; save it as UTF-8")
	}
}
