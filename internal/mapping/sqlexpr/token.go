package sqlexpr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a piece of an SQL expression is.
type tokenKind uint8

const (
	tokenSpace tokenKind = iota
	// tokenWord is a name or a keyword without quotes, tokenName a name in backquotes.
	tokenWord
	tokenName
	// tokenText is a string in quotes, tokenNumber a number.
	tokenText
	tokenNumber
	// tokenVariable is @x, @@x, or an @ alone.
	tokenVariable
	tokenComment
	tokenSign
	// tokenBroken is a quote or a comment without an end, or a byte that is no character.
	tokenBroken
)

// token is a piece of an expression: text is its text, name the name that it means.
type token struct {
	kind tokenKind
	text string
	name string
}

// is reports whether the token is the given sign, or the given keyword in any letter case.
func (t token) is(text string) bool {
	return (t.kind == tokenSign || t.kind == tokenWord) && strings.EqualFold(t.text, text)
}

// tokens cuts an expression as the servers do in the sessions of ours: quotes of both kinds are strings, in which a
// backslash escapes. The texts of all tokens together are the expression.
func tokens(sql string) []token {
	var out []token
	for len(sql) > 0 {
		t := nextToken(sql)
		out = append(out, t)
		sql = sql[len(t.text):]
	}
	return out
}

func nextToken(sql string) token {
	r, size := utf8.DecodeRuneInString(sql)
	switch {
	case r == utf8.RuneError && size <= 1, r == 0:
		return token{kind: tokenBroken, text: sql[:1]}
	case isSpace(sql[0]):
		return token{kind: tokenSpace, text: sql[:run(sql, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) })]}
	case r == '\'' || r == '"':
		return quoted(sql, tokenText)
	case r == '`':
		return quoted(sql, tokenName)
	case r == '@':
		return token{kind: tokenVariable, text: sql[:1]}
	case r == '#', sql == "--", strings.HasPrefix(sql, "--") && (isSpace(sql[2]) || sql[2] < ' '):
		return token{kind: tokenComment, text: line(sql)}
	case strings.HasPrefix(sql, "/*"):
		if end := strings.Index(sql[2:], "*/"); end >= 0 {
			return token{kind: tokenComment, text: sql[:end+4]}
		}
		return token{kind: tokenBroken, text: sql}
	case r >= '0' && r <= '9', r == '.' && len(sql) > 1 && sql[1] >= '0' && sql[1] <= '9':
		return number(sql)
	case isWord(r):
		text := sql[:run(sql, isWord)]
		return token{kind: tokenWord, text: text, name: text}
	}
	return token{kind: tokenSign, text: sql[:size]}
}

// isSpace is what the servers' lexers take for space.
func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// isWord reports whether a character can be in a name without quotes.
func isWord(r rune) bool {
	return r == '_' || r == '$' || r >= 0x80 && r != utf8.RuneError ||
		r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func run(sql string, in func(rune) bool) int {
	for i, r := range sql {
		if !in(r) {
			return i
		}
	}
	return len(sql)
}

func line(sql string) string {
	if end := strings.IndexByte(sql, '\n'); end >= 0 {
		return sql[:end+1]
	}
	return sql
}

// number cuts a number, also one that a word follows: 0x1f, 1e9. What begins with a digit and goes on with letters
// may be a name to the servers; then it is a word.
func number(sql string) token {
	end := run(sql, func(r rune) bool { return isWord(r) || r == '.' })
	text := sql[:end]
	signed := end < len(sql) && (sql[end] == '+' || sql[end] == '-')
	if e := strings.TrimRight(text, "eE"); len(e) == len(text)-1 && signed {
		end += 1 + run(sql[end+1:], func(r rune) bool { return r >= '0' && r <= '9' })
		text = sql[:end]
	}
	if isNumber(text) {
		return token{kind: tokenNumber, text: text}
	}
	text = sql[:max(1, run(sql, isWord))]
	return token{kind: tokenWord, text: text, name: text}
}

// isNumber reports whether a text is a number in one of the forms of the servers.
func isNumber(text string) bool {
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		return hex != "" && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
	}
	if bits, ok := strings.CutPrefix(text, "0b"); ok {
		return bits != "" && strings.Trim(bits, "01") == ""
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	exponent = strings.TrimPrefix(strings.TrimPrefix(exponent, "+"), "-")
	return whole+fraction != "" && digits(whole) && digits(fraction) &&
		(!scientific || exponent != "" && digits(exponent))
}

// quoted cuts a string or a name in quotes. A doubled quote is one; in strings a backslash escapes.
func quoted(sql string, kind tokenKind) token {
	quote := sql[0]
	var name strings.Builder
	for i := 1; i < len(sql); i++ {
		switch {
		case sql[i] == '\\' && kind == tokenText:
			i++
		case sql[i] == quote && i+1 < len(sql) && sql[i+1] == quote:
			name.WriteByte(quote)
			i++
		case sql[i] == quote:
			return token{kind: kind, text: sql[:i+1], name: name.String()}
		default:
			name.WriteByte(sql[i])
		}
	}
	return token{kind: tokenBroken, text: sql}
}
