package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// The keys that differ reach who asks for them, and no history. The receipt says the same as a later comparison of the
// same rows, and a file beside the list keeps it.
func TestVerifyShowPrintsKeysThatNoHistoryHas(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: verified})
	exec(
		t,
		p.src,
		"CREATE TABLE t (code VARCHAR(30), id VARBINARY(8), v INT, "+
			"updated_at DATETIME(6) NOT NULL DEFAULT '2024-01-01', PRIMARY KEY (code, id), KEY (updated_at))",
		"INSERT INTO t (code, id, v) VALUES ('secret-one', x'00FF', 1), ('secret-two', 'b', 2), ('equal', 'c', 3)",
	)
	p.settled("t")
	equal := p.verify("t", "")
	require.False(t, equal.Differs)
	require.Equal(t, equal.Digest, p.verify("t", "").Digest)
	require.NotEqual(t, verify.Digest{}, equal.Digest)
	require.Empty(t, p.cli("verify show "+p.table("t")))
	require.Contains(t, p.cli("verify "+p.table("t")+" --dry-run"), "a guess until the table was compared")
	require.Contains(t, p.cli("verify "+p.table("t")+" --depth sample --share 1"), "0 % to 100 % of the rows")

	exec(t, p.dst, "DELETE FROM t WHERE code = 'secret-one'", "UPDATE t SET v = 9 WHERE code = 'secret-two'")
	require.Contains(t, p.cliFails(5, "verify "+p.table("t")), "tablehaul verify show "+p.table("t"))
	shown := p.cli("verify show " + p.table("t"))
	require.Contains(t, shown, "secret-one")
	require.Contains(t, shown, "0x00ff")
	require.Contains(t, shown, "silent")
	require.Contains(t, shown, "2024-01-01 00:00:00.000000")
	missing := p.cli("verify show " + p.table("t") + " --verdict missing --output json")
	var one struct {
		Run     string            `json:"run"`
		Key     map[string]string `json:"key"`
		Verdict string            `json:"verdict"`
	}
	require.NoError(t, json.Unmarshal([]byte(missing), &one), missing)
	require.Equal(t, map[string]string{"code": "secret-one", "id": "0x00ff"}, one.Key)
	require.Equal(t, 1, strings.Count(p.cli("verify show "+p.table("t")+" "+one.Run+" --limit 1 --output json"), "\n"))

	kept := filepath.Join(p.staging(), "verify", p.table("t"), one.Run)
	text, err := os.ReadFile(filepath.Join(kept, "receipt.json"))
	require.NoError(t, err)
	var receipt workflows.VerifyTableResult
	require.NoError(t, json.Unmarshal(text, &receipt))
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1}, receipt.Verdicts)
	require.NotEqual(t, equal.Digest, receipt.Digest)
	require.FileExists(t, filepath.Join(kept, "differences.parquet"))
	require.NoDirExists(t, filepath.Join(p.staging(), p.table("t"), one.Run), "nothing else stays")
	p.requireNoText("secret-")
}
