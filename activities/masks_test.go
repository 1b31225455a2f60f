package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// maskedTypes are types with a value that is not to leave the source, and what kind they are.
var maskedTypes = []struct {
	sql, value string
	kind       table.Kind
}{
	{"CHAR(20) CHARACTER SET latin1", "'SECRETé'", table.KindString},
	{"VARCHAR(40)", "'SECRET€'", table.KindString},
	{"VARCHAR(40) CHARACTER SET sjis", "'SECRETあ'", table.KindString},
	{"TEXT", "'SECRET😀'", table.KindString},
	{"BINARY(8)", "'SECRET01'", table.KindBytes},
	{"BLOB", "'SECRET\\0\\xff'", table.KindBytes},
	{"SMALLINT", "-32768", table.KindInt},
	{"BIGINT", "-9123456789012345678", table.KindInt},
	{"INT UNSIGNED ZEROFILL", "4123456789", table.KindUint},
	{"DECIMAL(30,4)", "-912345678901234567.8901", table.KindDecimal},
	{"FLOAT", "91234.5", table.KindFloat},
	{"DOUBLE", "-9.123456789e15", table.KindDouble},
	{"DATE", "'1977-10-23'", table.KindDate},
	{"DATETIME(3)", "'1977-10-23 12:34:56.789'", table.KindDateTime},
	{"TIMESTAMP(6) NULL", "'1977-10-23 12:34:56.789123'", table.KindTimestamp},
	{"TIME(2)", "'-812:34:56.78'", table.KindTime},
	{"YEAR", "1977", table.KindYear},
	{"ENUM('a','b')", "'b'", table.KindEnum},
	{"JSON", "'{\"a\":\"SECRET\"}'", table.KindJSON},
	{"BIT(12)", "b'101010101010'", table.KindBit},
	{"SET('a','b')", "'b'", table.KindSet},
}

const someKey = "0123456789abcdef0123456789abcdef"

// newMasked has a column for every mask on every type that it takes, a row with values, one with NULLs and one with
// the least values.
func newMasked(t *testing.T, source, target *servers.Server) *bench {
	t.Helper()
	b := emptyBench(t, source, target)
	b.settings.Compression = "none" // so that a value in a file can be found
	b.settings.Mapping = &mapping.Settings{KeyFingerprint: mask.NewKey(someKey).Fingerprint()}
	b.deps.MaskKey = func(table.Name) mask.Key { return mask.NewKey(someKey) }
	names, definitions, values := []string{"id", "updated_at"}, []string{
		"id INT PRIMARY KEY", "updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at)",
	}, []string{"1", "'2024-01-01'"}
	for i, typ := range maskedTypes {
		for _, word := range mask.Words() {
			if !mask.Accepts(word, typ.kind) {
				continue
			}
			name := fmt.Sprintf("%s_%d", word, i)
			names, values = append(names, name), append(values, typ.value)
			definitions = append(definitions, name+" "+typ.sql)
			b.settings.Mapping.Mask = append(b.settings.Mapping.Mask, mapping.Pair{Column: name, Value: word})
		}
	}
	b.AtSource("CREATE TABLE t (" + strings.Join(definitions, ", ") + ")")
	b.AtSource("INSERT INTO t (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")")
	b.AtSource("INSERT INTO t (id, updated_at) VALUES (2, '2024-01-01')")
	b.restart()
	return b
}

// Every mask takes every type that it says it takes, on each pair of servers: the rows arrive, none of the values is
// in a staged file, and a comparison sees both sides alike.
func TestEveryMaskOnEveryType(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := newMasked(t, source, target)
		b.deps.Store = &keptStore{
			Store: b.deps.Store, t: t, secrets: []string{"SECRET", "9123456789", "4123456789", "1977-10"},
		}
		b.restart()
		b.loaded()
		db := b.Target.DB(t, b.To)
		for name, want := range map[string]string{
			"null_0": "NULL", "empty_1": "", "stars_1": "*******", "last4_1": "***RET€", "stars_2": "*******",
			"last4_3": "***RET😀", "round1000_6": "-32000", "round1000_7": "-9123456789012345000",
			"round1000_8": "4123456000", "round1000_9": "-912345678901234000.0000", "round1000_10": "91000",
			"year_12": "1977-01-01", "month_12": "1977-10-01", "year_13": "1977-01-01 00:00:00.000",
			"month_14": "1977-10-01 00:00:00.000000", "null_18": "NULL",
			"hmac_7": string(mask.NewKey(someKey).Masker().AppendHMAC(nil, []byte("-9123456789012345678"))),
		} {
			got := dbtest.Texts(t, db, "SELECT IFNULL("+name+", 'NULL') FROM t WHERE id = 1")
			require.Equal(t, []string{want}, got, name)
		}
		for _, m := range b.settings.Mapping.Mask {
			got := dbtest.Texts(t, db, "SELECT "+m.Column+" IS NULL FROM t WHERE id = 2")
			require.Equal(t, []string{"1"}, got, m.Column)
		}
		tally, verdicts := b.verified("updated_at")
		require.Equal(t, verify.Tally{SourceRows: 2, TargetRows: 2, Equal: 2}, tally)
		require.Empty(t, verdicts)
	})
}

// The same value becomes the same in two runs, on two workers, and whichever way the rows are read.
func TestMasksAreStable(t *testing.T) {
	b := newMasked(t, servers.MySQL(t), servers.MySQL(t))
	b.loaded()
	masked := func() []string {
		return dbtest.Texts(t, b.Target.DB(t, b.To), "SELECT CONCAT_WS('|', hmac_1, dateShift_12, dateShift_13, "+
			"hmac_8) FROM t ORDER BY id")
	}
	first := masked()
	b.AtTarget("DROP TABLE t")
	b.restart() // another worker, with nothing in its memory
	b.loaded()
	require.Equal(t, first, masked())
	require.NotContains(t, first[0], "1977-10-23")
	// The day moves, and what lies between two dates of a row stays.
	require.Equal(t, []string{"0 12:34:56.789"}, dbtest.Texts(t, b.Target.DB(t, b.To),
		"SELECT CONCAT(DATEDIFF(dateShift_12, dateShift_13), ' ', TIME(dateShift_13)) FROM t WHERE id = 1"))
}

// A worker with another key than the one that planned refuses the step, and so does one without.
func TestAStepNeedsTheKeyOfThePlan(t *testing.T) {
	b := newMasked(t, servers.MySQL(t), servers.MySQL(t))
	_, in := b.plan()
	for _, key := range []string{"", "another key of 32 characters ...."} {
		b.deps.MaskKey = func(table.Name) mask.Key { return mask.NewKey(key) }
		b.restart()
		var out any
		require.ErrorContains(t, b.step("ExtractIncremental", in, &out), "another mask key")
	}
	err := filepath.WalkDir(b.folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		require.NotContains(t, string(text), someKey, path)
		return err
	})
	require.NoError(t, err)
}
