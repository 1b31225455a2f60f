package target

import (
	"iter"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

const introducer = "_utf8mb4"

// expressionFor is an expression of the source's as the target's DDL takes it. MySQL writes
// _utf8mb4 before every text; MariaDB loses a backslash of such texts when it stores them (seen
// on 10.11). Sessions are utf8mb4, so the texts mean the same without it.
func expressionFor(to mysqldb.Server, expression string) string {
	if to.Flavor != mysqldb.FlavorMariaDB || !strings.Contains(expression, introducer+"'") {
		return expression
	}
	var b strings.Builder
	for i := 0; i < len(expression); {
		c := expression[i]
		switch {
		case c == '\'' || c == '"' || c == '`':
			end := quoteEnd(expression, i)
			b.WriteString(expression[i:end])
			i = end
		case strings.HasPrefix(expression[i:], introducer+"'") && (i == 0 || !isWordByte(expression[i-1])):
			i += len(introducer)
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// pieces are the string literals of an expression, with their quotes, and what is between them.
func pieces(expression string) iter.Seq2[string, bool] {
	return func(yield func(piece string, isText bool) bool) {
		from := 0 // of the code that is not handed out yet
		for i := 0; i < len(expression); {
			switch expression[i] {
			case '\'', '"':
				end := quoteEnd(expression, i)
				if from < i && !yield(expression[from:i], false) || !yield(expression[i:end], true) {
					return
				}
				from, i = end, end
			case '`':
				i = quoteEnd(expression, i)
			default:
				i++
			}
		}
		if from < len(expression) {
			yield(expression[from:], false)
		}
	}
}

// quoteEnd is the place after the quoted text or name that begins at i. A doubled quote is
// taken for two texts side by side, which ends at the same place.
func quoteEnd(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote != '`':
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
