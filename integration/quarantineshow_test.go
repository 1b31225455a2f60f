package integration_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The keys of rows in quarantine reach who asks for them, with the target's error, and no history has them.
func TestQuarantineShowPrintsKeysThatNoHistoryHas(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: quarantining})
	const create = "CREATE TABLE t (code VARCHAR(30) PRIMARY KEY, v INT%s, " +
		"updated_at DATETIME(6) NOT NULL DEFAULT '2024-01-01', KEY (updated_at))"
	exec(t, p.src, strings.Replace(create, "%s", "", 1),
		"INSERT INTO t (code, v) VALUES ('secret-one', 1987650123), ('secret-two', -1987650123), ('good', 1)")
	exec(t, p.dst, strings.Replace(create, "%s", ", CONSTRAINT small CHECK (v BETWEEN 0 AND 9)", 1))
	require.EqualValues(t, 2, p.sync("t").Quarantined)

	require.Contains(t, p.cli("quarantine list "+p.table("t")), "a check of the target refuses the row")
	shown := p.cli("quarantine show " + p.table("t"))
	require.Contains(t, shown, "secret-one")
	require.Contains(t, shown, "secret-two")
	require.NotContains(t, shown, "good")
	lines := strings.Split(strings.TrimSpace(p.cli("quarantine show "+p.table("t")+" --output json")), "\n")
	require.Len(t, lines, 2)
	var one struct {
		Run   string            `json:"run"`
		Key   map[string]string `json:"key"`
		Error int               `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &one), lines[0])
	require.Contains(t, one.Key["code"], "secret-")
	require.Positive(t, one.Error)

	exec(t, p.dst, "ALTER TABLE t DROP CONSTRAINT small")
	require.Contains(t, p.cli("quarantine retry "+p.table("t")), "2 written")
	require.Empty(t, p.cli("quarantine show "+p.table("t")))
	p.requireNoText("secret-")
	p.requireNoText("1987650123")
}
