package integration_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// What a mapping keeps at the source, and the key of its masks, are in no staged file, no history and no log; the
// rows that arrive are those that plan shows.
func TestMaskedValuesNeverLeaveTheSource(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	p := start(t, options{source: s, idle: true})
	exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, mail VARCHAR(80), iban VARCHAR(40), note TEXT, born DATE, "+
		"tenant INT NOT NULL, updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	for _, row := range []string{"1, 'sentinel-a'", "2, 'sentinel-a'", "3, 'sentinel-b'"} {
		exec(t, p.src, "INSERT INTO t VALUES ("+row+", 'sentinel-iban', "+
			"'sentinel-note', '1977-10-23', 7, '2024-01-01')")
	}
	exec(t, p.src, "INSERT INTO t VALUES (4, 'sentinel-c', 'x', 'x', '1977-10-23', 8, '2024-01-01')")
	const key = "sentinel-key-0123456789abcdef"
	file := filepath.Join(p.dir, "key")
	require.NoError(t, os.WriteFile(file, []byte(key), 0o600))
	p.writeConfig(options{sourceDSN: s.DSN(""), targetDSN: s.DSN(""), tables: strings.Replace(oneTable, "cursor: updated_at", `cursor: updated_at, maskKey: "${file:`+
		file+`}", where: "tenant = 7", columns: { exclude: [note], rename: { id: customer },
    mask: { mail: hmac, iban: null, born: year }, add: { loaded_from: "'eu'" } }`, 1)})
	log := p.startOverheard()

	plan := p.cli("plan " + p.table("t"))
	for _, line := range []string{"where:      tenant = 7", "mask hmac", "left out", "customer", "counts as deleted"} {
		require.Contains(t, plan, line)
	}
	id := workflows.SyncTableID(p.queue, p.table("t"))
	p.sync("t")
	require.Equal(t, []string{"1 eu 1977-01-01", "2 eu 1977-01-01", "3 eu 1977-01-01"}, dbtest.Texts(t, p.dst,
		"SELECT CONCAT_WS(' ', customer, loaded_from, born, iban) FROM t ORDER BY customer"))
	require.Equal(t, []string{"2"}, dbtest.Texts(t, p.dst,
		"SELECT COUNT(DISTINCT mail) FROM t WHERE LENGTH(mail) = 64"))
	p.cli("verify " + p.table("t"))

	secrets := []string{"sentinel", key}
	text, _ := p.seen(id)
	requireNone(t, text+log.String(), secrets)
	require.Contains(t, log.String(), "UpsertChunk", "a log without a line proves nothing")
	p.requireNoText("sentinel")
	for _, path := range p.staged() {
		content, err := os.ReadFile(path)
		require.True(t, err == nil || errors.Is(err, fs.ErrNotExist), "%v", err)
		requireNone(t, string(content), secrets)
	}
}
