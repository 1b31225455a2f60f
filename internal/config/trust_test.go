package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

// What is wrong with the keys of comparisons, undo, deletes and quarantine is said by the key's path, with what to
// write.
func TestWrongKeysOfComparisonsNameTheirPlace(t *testing.T) {
	const share = "a percentage above 0 and at most 100, like 0.1% or 5%"
	const single, list = "must be a mapping of keys to values, not a single value (line 8)", "not a list (line 8);"
	for entry, want := range map[string]string{
		"undo: never":           `undo: "never" is neither off nor a mapping (line 8); write off, or { keep: 720h }`,
		"undo: [off]":           "undo: must be a mapping of keys to values, " + list + " write off, or { keep: 720h }",
		"undo: { keep: 10s }":   `undo.keep: "10s" is out of bounds (line 8); allowed is 1h to 87600h`,
		"undo: { keep: 30 }":    `undo.keep: "30" is not a duration (line 8); write it with a unit`,
		"undo: { off: true }":   "undo.off: unknown key (line 8); write undo: off",
		"undo: { retention: 1}": "undo.retention: unknown key (line 8); write keep",

		"deletes: hard":                  "deletes: " + single + "; write { mode: hard }",
		"deletes: { mode: purge }":       `deletes.mode: "purge" is not allowed (line 8); known are off, report, soft, hard`,
		"deletes: { column: '' }":        "deletes.column: \"\" is empty (line 8); name the column that soft sets",
		"deletes: { column: a.b.c, x: }": "deletes.x: unknown key (line 8)",
		"deletes: { maxShare: 120% }":    `deletes.maxShare: "120%" is not a share (line 8); write ` + share,
		"deletes: { maxShare: 0 }":       `deletes.maxShare: "0" is not a share (line 8); write ` + share,
		"deletes: { grace: -5m }":        "deletes.grace: \"-5m\" is out of bounds (line 8); allowed is 0 to 720h",
		"deletes: { grace: 31d }":        `deletes.grace: "31d" is out of bounds (line 8); allowed is 0 to 720h`,
		"deletes: { grace: 1.5d }":       `deletes.grace: "1.5d" is not a duration (line 8); write it with a unit`,
		"deletes: { owns: mine }":        `deletes.owns: "mine" is not allowed (line 8); known are scope, all`,
		"deletes: { every: nightly }":    `deletes.every: "nightly" is neither an interval`,
		"deletes: { allowCascade: no! }": `deletes.allowCascade: "no!" is neither true nor false (line 8); write true or false`,
		"deletes: { maxshare: 5% }":      "deletes.maxshare: unknown key (line 8); did you mean maxShare?",
		"deletes: { schedule: 5m }":      "deletes.schedule: unknown key (line 8); write every",

		"verify: 24h":               "verify: " + single + "; write { every: 24h }",
		"verify: { depth: rows }":   `verify.depth: "rows" is not allowed (line 8); known are digest, keys, sample`,
		"verify: { every: often }":  `verify.every: "often" is neither an interval`,
		"verify: { keep: 1s }":      `verify.keep: "1s" is out of bounds (line 8); allowed is 1h to 87600h`,
		"verify: { cron: '0 3' }":   "verify.cron: unknown key (line 8); write every",
		"badRows: skip":             `badRows: "skip" is not allowed (line 8); known are fail, quarantine`,
		"maxBadRows: 0":             `maxBadRows: "0" is out of bounds (line 8); allowed is 1 to 10000`,
		"maxBadShare: 200%":         `maxBadShare: "200%" is not a share (line 8); write ` + share,
		"quarantine: 30d":           "quarantine: " + single + "; write { keep: 720h }",
		"quarantine: { keep: 1s }":  `quarantine.keep: "1s" is out of bounds (line 8); allowed is 1h to 8760h`,
		"quarantine: { keeps: 1h }": "quarantine.keeps: unknown key (line 8); did you mean keep?",
	} {
		_, err := config.Load(strings.NewReader(small+"  - { name: shop.a, "+entry+" }\n"), shopEnv)
		require.ErrorContains(t, err, "tables[0]."+want, entry)
	}
	for _, entry := range []string{
		"undo: off", "undo: { keep: 1h }", "undo:", "deletes: { mode: off }", "deletes: { mode: soft }", "deletes:",
		"verify: { every: off }", "quarantine:",
	} {
		_, err := config.Load(strings.NewReader(small+"  - { name: shop.a, target: dw.a, "+entry+" }\n"), shopEnv)
		require.NoError(t, err, entry)
	}
}
