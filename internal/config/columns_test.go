package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

// mappedFile is a file with one table and these keys of it.
func mappedFile(keys string) string {
	return fmt.Sprintf(`
connections: { shop: { dsn: "u:p@tcp(h:1)/" }, dw: { dsn: "u:p@tcp(h:2)/" } }
staging: { url: "file:///tmp/s" }
defaults: { sourceConnection: shop, targetConnection: dw }
tables:
  - { name: shop.t, cursor: at, %s }
`, keys)
}

func TestColumnsAreRead(t *testing.T) {
	c := load(t, mappedFile(`where: "a = 1 OR b", maskKey: "${KEY}", columns: { exclude: [x], rename: { a: b },
      mask: { iban: null, email: hmac, pay: round100 }, add: { origin: "'eu'" }, type: { a: bigint } }`),
		env("KEY", strings.Repeat("k", 16)))
	got := c.Tables()[0]
	require.Equal(t, "a = 1 OR b", got.Where)
	require.Equal(t, config.Columns{
		Exclude: []string{"x"}, Rename: []config.ColumnSetting{{"a", "b"}},
		Mask: []config.ColumnSetting{{"iban", "null"}, {"email", "hmac"}, {"pay", "round100"}},
		Add:  []config.ColumnSetting{{"origin", "'eu'"}}, Type: []config.ColumnSetting{{"a", "bigint"}},
	}, got.Columns)
	require.Equal(t, strings.Repeat("k", 16), got.MaskKey.Reveal())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", got, got, got), "kkkk")
}

// What contradicts itself in the file is found without a server, with the key's path.
func TestProblemsOfColumns(t *testing.T) {
	for keys, want := range map[string]string{
		`where: "RAND() < 1"`:                                     "tables[0].where: ",
		`where: "a = 1; DROP TABLE b"`:                            "has a semicolon",
		`where: "tenant_id ="`:                                    "has nothing behind =",
		`columns: { include: [a], exclude: [b] }`:                 "tables[0].columns.exclude: include says already",
		`columns: { exclude: [a, A] }`:                            "tables[0].columns.exclude[1]: \"A\" is there twice",
		`columns: { rename: { a: c, b: C } }`:                     "tables[0].columns.rename.b: C is the new name of a already",
		`columns: { rename: { a: "" } }`:                          "tables[0].columns.rename.a: ",
		`columns: { mask: { a: md5 } }`:                           "tables[0].columns.mask.a: \"md5\" is no mask",
		`columns: { mask: { a: hmac } }`:                          "tables[0].maskKey: is missing",
		`columns: { mask: { a: round1500 } }`:                     "is no mask",
		`columns: { add: { a: "NOW()" } }`:                        "tables[0].columns.add.a: ",
		`columns: { masks: {} }`:                                  "tables[0].columns.masks: unknown key",
		`maskKey: "0123456789abcdef"`:                             "tables[0].maskKey: a key is not written into the file",
		`maskKey: "${SHORT}"`:                                     "is too short for a key",
		`columns: { mask: { a: stars, A: last4 } }`:               "tables[0].columns.mask.A: ",
		`columns: { type: { a: "" } }`:                            "tables[0].columns.type.a: ",
		`columns: [a]`:                                            "must be a mapping",
		`columns: { exclude: [AT] }`:                              "tables[0].columns.exclude: at is left out",
		`columns: { include: [a] }`:                               "tables[0].columns.include: at is left out",
		`key: [k], columns: { exclude: [k] }`:                     "tables[0].columns.exclude: k is left out",
		`columns: { mask: { at: year } }`:                         "tables[0].columns.mask.at: at is the cursor",
		`columns: { exclude: [a], mask: { a: stars } }`:           "tables[0].columns.mask.a: the column is left out",
		`columns: { exclude: [a], rename: { a: b } }`:             "tables[0].columns.rename.a: the column is left out",
		`columns: { rename: { a: b }, add: { B: "'x'" } }`:        "tables[0].columns.add.b: b is the new name of a",
		`keysDisjoint: true, write: replace`:                      "tables[0].write: write: replace makes no sense",
		`keysDisjoint: true, uniqueConflicts: replace`:            "tables[0].uniqueConflicts: replace could remove rows",
		`columns: { exclude: a }`:                                 "must be a list",
		`columns: { rename: { a: b, c: d, "x` + "`" + `y": e } }`: "",
	} {
		_, err := config.Load(strings.NewReader(mappedFile(keys)), env("SHORT", "short"))
		if want == "" {
			require.NoError(t, err, keys)
			continue
		}
		require.ErrorContains(t, err, want, keys)
	}
}

// Two entries may have one target where both say that no key is in both.
func TestEntriesThatShareATarget(t *testing.T) {
	both := func(one, other string) error {
		_, err := config.Load(strings.NewReader(mappedFile("target: dw.t, keysDisjoint: "+one)+
			"  - { name: shop.u, target: dw.t, keysDisjoint: "+other+" }\n"), env())
		return err
	}
	require.NoError(t, both("true", "true"))
	require.ErrorContains(t, both("true", "false"), "tables[1].target: dw.t is a target of tables[0] already")

	const sweeps = ", deletes: { mode: hard }"
	added := func(value string) string { return "true, columns: { add: { origin: \"" + value + "\" } }" }
	require.NoError(t, both(added("'eu'"), added("'eu'")))
	require.NoError(t, both(added("'eu'")+sweeps, added("'us'")+sweeps))
	for _, c := range [][2]string{
		{added("'eu'") + sweeps, added("'eu'")},
		{added("'eu'"), added("'EU'") + sweeps},
		{added("1") + sweeps, added("'01'")},
		{added("'eu'") + sweeps, added("CONCAT('e', 'u')")}, // only the source knows what it is
		{added("'eu'") + sweeps, "true, columns: { add: { other: \"'us'\" } }"},
		{added("'eu'") + sweeps, "true"},
	} {
		require.ErrorContains(t, both(c[0], c[1]), "tables[1].columns: nothing tells the rows of shop.u from those of "+
			"shop.t in dw.t")
	}
}

// The rows of other sources stay also where the entry has replace from defaults, and the message says so.
func TestReplaceFromDefaultsOnASharedTarget(t *testing.T) {
	text := strings.Replace(mappedFile("keysDisjoint: true"), "targetConnection: dw }",
		"targetConnection: dw, uniqueConflicts: replace }", 1)
	_, err := config.Load(strings.NewReader(text), env())
	require.ErrorContains(t, err, "tables[0].uniqueConflicts: replace, from defaults, could remove rows of other")
	_, err = config.Load(strings.NewReader(strings.Replace(text, "keysDisjoint: true",
		"keysDisjoint: true, uniqueConflicts: fail", 1)), env())
	require.NoError(t, err)
}

// Two entries may have one target where an added column of its key has another constant in each.
func TestAnAddedColumnOfTheKey(t *testing.T) {
	const more = "target: dw.t, key: "
	for _, c := range []struct{ one, other, want string }{
		{"[s, id], columns: { add: { s: \"'eu'\" } }", "[id, S], columns: { add: { s: \"'us'\" } }", ""},
		{"[s, id], columns: { add: { s: 1 } }", "[s, id], columns: { add: { s: 2 } }", ""},
		{"[s, id], columns: { add: { s: \"'eu'\" } }", "[s, id], columns: { add: { s: \"'EU'\" } }", "is a target of"},
		{"[s, id], columns: { add: { s: 1 } }", "[s, id], columns: { add: { s: \"'01'\" } }", "is a target of"},
		{"[s, id], columns: { add: { s: 1 } }", "[r, id], columns: { add: { r: 2 } }", "is a target of"},
		{"[s, id], columns: { add: { s: 1 } }", "[id], keysDisjoint: true", "is a target of"},
		{"[s, id], columns: { add: { s: id } }", "", "the added column s is no plain constant"},
		{"[s, id], columns: { add: { s: \"'a b'\" } }", "", "the added column s is no plain constant"},
		{"[s], columns: { add: { s: 1 } }", "", "tables[0].key: has added columns only"},
		{"[s, id], columns: { add: { s: 1 } }, write: history", "", "tables[0].write: write: history makes no sense"},
		{"[s, id], columns: { add: { s: 1 } }, write: replace", "", "tables[0].write: write: replace makes no sense"},
		{"[s, id], columns: { add: { s: 1 } }, uniqueConflicts: replace", "", "rows of other sources"},
	} {
		text := mappedFile(more + c.one)
		if c.other != "" {
			text += "  - { name: shop.u, " + more + c.other + " }\n"
		}
		_, err := config.Load(strings.NewReader(text), env())
		if c.want == "" {
			require.NoError(t, err, text)
			continue
		}
		require.ErrorContains(t, err, c.want, text)
	}
}
