package sqltext

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func literalOf(t testing.TB, from, to table.Column, value string) (string, error) {
	t.Helper()
	app, err := NewAppender(from, to)
	require.NoError(t, err)
	out, err := app([]byte("("), []byte(value))
	return string(out), err
}

func TestLiteralsOfEveryKind(t *testing.T) {
	enum := table.Column{Kind: table.KindEnum, Members: []string{"a"}}
	enumEmpty := table.Column{Kind: table.KindEnum, Members: []string{"", "a"}}
	text := table.Column{Kind: table.KindString}
	kind := func(k table.Kind) table.Column { return table.Column{Kind: k} }
	for _, c := range []struct {
		from, to    table.Column
		value, want string
	}{
		{kind(table.KindInt), text, "-42", "-42"},
		{kind(table.KindUint), text, "18446744073709551615", "18446744073709551615"},
		{kind(table.KindBit), text, "5", "5"},
		{kind(table.KindYear), text, "0", "0"},
		{kind(table.KindDecimal), text, "-0.10", "-0.10"},
		{kind(table.KindDouble), text, "-0", "-0e0"},
		{kind(table.KindDouble), text, "0.1", "0.1e0"},
		{kind(table.KindFloat), text, "0.10000000149011612", "0.10000000149011612e0"},
		{kind(table.KindDouble), text, "1.5e-07", "1.5e-07"},
		{kind(table.KindDouble), text, "1e+21", "1e+21"},
		{kind(table.KindDate), text, "0000-00-00", "'0000-00-00'"},
		{kind(table.KindTime), text, "-838:59:59.000000", "'-838:59:59.000000'"},
		{text, text, "it's \"a\" \\ \x00 😀\n", `'it\'s "a" \\ \0 😀` + "\n'"},
		{text, text, "", "''"},
		{table.Column{Kind: table.KindString, Charset: "sjis", RawCharset: true}, text, "\x83\\'", "_sjis x'835c27'"},
		{kind(table.KindBytes), text, "\x00'\xff\\", `_binary'\0\'` + "\xff" + `\\'`},
		{kind(table.KindGeometry), text, "\x01", "_binary'\x01'"},
		{kind(table.KindJSON), text, `{"a": "\""}`, `'{"a": "\\""}'`},
		{enum, enum, "a", "'a'"},
		{enum, enum, "", "0"},
		{enumEmpty, enumEmpty, "", "''"},
		{enumEmpty, enumEmpty, "\x00", "0"},
		{enum, text, "", "''"},
		{enumEmpty, text, "", "''"},
		{enumEmpty, text, "\x00", "''"},
		{enumEmpty, text, "a", "'a'"},
		{kind(table.KindSet), text, "x,y'", `'x,y\''`},
		{kind(table.KindUUID), text, "123e4567-e89b-12d3-a456-426655440000", "'123e4567-e89b-12d3-a456-426655440000'"},
		{kind(table.KindInet), text, "::1", "'::1'"},
	} {
		got, err := literalOf(t, c.from, c.to, c.value)
		require.NoError(t, err)
		require.Equal(t, "("+c.want, got)
	}
}

func TestNumbersThatAreNoneNeverReachAStatement(t *testing.T) {
	bad := []string{"", "-", "1 OR 1=1", "1;", "0x10", "1e5", "--1", "+1", " 1", "1,2", "'1'", "NULL", "1\x00", "١"}
	for _, k := range []table.Kind{table.KindInt, table.KindUint, table.KindBit, table.KindYear} {
		for _, v := range append(bad, "1.5") {
			_, err := literalOf(t, table.Column{Kind: k}, table.Column{Kind: k}, v)
			require.ErrorIs(t, err, errBadText, "%q", v)
		}
	}
	for _, v := range append(bad, "1.", "1.2.3", "-.-1", ".") {
		_, err := literalOf(t, table.Column{Kind: table.KindDecimal}, table.Column{}, v)
		require.ErrorIs(t, err, errBadText, "%q", v)
	}
	for _, v := range []string{
		"", "-", "e5", "1e", "1e+", "1e-", "1e5e5", "inf", "NaN", "1e5;", "1 e5", "1.e5",
		"0x1p-2", "1e+-5",
	} {
		_, err := literalOf(t, table.Column{Kind: table.KindDouble}, table.Column{}, v)
		require.ErrorIs(t, err, errBadText, "%q", v)
	}
}

func TestUnsafeCharsetNamesAreRefused(t *testing.T) {
	_, err := NewAppender(table.Column{Kind: table.KindString, RawCharset: true, Charset: "x' OR"}, table.Column{})
	require.ErrorContains(t, err, "is not a name")
	_, err = NewAppender(table.Column{Name: "c", Type: "odd"}, table.Column{})
	require.ErrorContains(t, err, "column c: type odd cannot be written")
}

// unquote reads a quoted literal as a server would; rest is what follows it.
func unquote(s string) (value []byte, rest string, ok bool) {
	if !strings.HasPrefix(s, "'") {
		return nil, s, false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return nil, "", false
			}
			value = append(value, UnescapeByte(s[i]))
		case '\'':
			return value, s[i+1:], true
		default:
			value = append(value, s[i])
		}
	}
	return nil, "", false
}

func FuzzQuotedLiteralsEndWhereTheyShould(f *testing.F) {
	for _, seed := range []string{"", "'", `\`, `\'`, "a\x00b", "😀'", `\\\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		got, rest, ok := unquote(string(AppendQuoted(nil, v)) + ",1")
		if !ok || rest != ",1" || !bytes.Equal(got, v) {
			t.Fatalf("%q became %q, then %q", v, got, rest)
		}
	})
}

func FuzzNumbersStayNumbers(f *testing.F) {
	for _, seed := range []string{"0", "-1.5", "1e5", "1;2", "1e"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		for _, app := range []Appender{appendInteger, appendDecimal, AppendDouble} {
			out, err := app(nil, v)
			if err != nil {
				continue
			}
			if _, err := strconv.ParseFloat(string(out), 64); err != nil &&
				!strings.Contains(err.Error(), "out of range") {
				t.Fatalf("%q became %q", v, out)
			}
		}
	})
}

func TestAppendingAllocatesNothing(t *testing.T) {
	app, err := NewAppender(table.Column{Kind: table.KindString}, table.Column{})
	require.NoError(t, err)
	buf, value := make([]byte, 0, 1<<12), []byte(strings.Repeat("it's ", 100))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out, _ := app(buf, value)
		buf = out[:0]
	}))
}

func BenchmarkAppendQuoted(b *testing.B) {
	for name, value := range map[string][]byte{
		"short": []byte("it's 12345"), "text": []byte(strings.Repeat("plain text, ", 20)),
		"random": bytes.Repeat([]byte{0, 39, 92, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 64),
	} {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			b.SetBytes(int64(len(value)))
			for b.Loop() {
				buf = AppendQuoted(buf[:0], value)
			}
		})
	}
	value := bytes.Repeat([]byte{0, 39, 92, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 64)
	b.Run("hex", func(b *testing.B) {
		var buf []byte
		b.SetBytes(int64(len(value)))
		for b.Loop() {
			buf = AppendHex(buf[:0], value)
		}
	})
}
