package sqlexpr_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
)

// FuzzCheck looks for an expression that is taken and could end before its closing parenthesis, or be more than one
// expression: a scanner that is written another way reads it.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"a = 1", "a = 'x\\'' OR `b``c` > \"--\"", "a) -- x", "/*! x */", "1e5.a", "'\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if sqlexpr.Check(sql) == nil {
			requireClosed(t, sql)
		}
		sqlexpr.ColumnNames(sql)
		require.Equal(t, sql, sqlexpr.Rename(sql, func(name string) string { return name }))
	})
}

// Random pieces of SQL, put together at random, are refused or stay inside their parentheses.
func TestRandomExpressionsStayClosed(t *testing.T) {
	pieces := []string{
		"a", "'", "\"", "`", "\\", "(", ")", " ", "--", "-", "#", "/*", "*/", "/*!", ";", "1", ".", "e", "@", "x'1f'",
		"SELECT", "NOW", "SLEEP", "()", "'it''s'", "`a``b`", "\n", "é", "\xff", "0x", "OR", "IN", ",", "=", "\x00", "{",
	}
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 200_000 {
		var b strings.Builder
		for range 1 + r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if sqlexpr.Check(b.String()) == nil {
			taken++
			requireClosed(t, b.String())
		}
	}
	require.Greater(t, taken, 1000, "a test that takes nothing proves nothing")
}

// requireClosed reads an expression byte by byte.
func requireClosed(t *testing.T, sql string) {
	t.Helper()
	var quote byte
	depth := 0
	for i := 0; i < len(sql); i++ {
		c := sql[i]
		switch {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0 // a doubled quote opens the next text at once
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';' || c == '@' || c == '#' || c == 0 || c == '{':
			require.Fail(t, "a sign that no expression has", "%q", sql)
		case strings.HasPrefix(sql[i:], "/*"):
			require.Fail(t, "a comment", "%q", sql)
		case strings.HasPrefix(sql[i:], "--") && (i+2 == len(sql) || sql[i+2] <= ' '):
			require.Fail(t, "a comment", "%q", sql)
		}
		require.GreaterOrEqual(t, depth, 0, "%q", sql)
	}
	require.Zero(t, depth, "%q", sql)
	require.Zero(t, quote, "%q", sql)
}
