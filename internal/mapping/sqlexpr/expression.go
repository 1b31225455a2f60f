package sqlexpr

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ColumnNames are the columns that an expression of the server's own print has, each once: servers put every one of
// them in backquotes.
func ColumnNames(expression string) []string {
	var out []string
	eachName(tokens(expression), func(t *token) {
		if !table.HasColumn(out, t.name) {
			out = append(out, t.name)
		}
	})
	return out
}

// Names are the names in an expression that may be columns, each once: words without quotes are among them.
func Names(expression string) []string {
	var out []string
	list := tokens(expression)
	for i, t := range list {
		if (t.kind == tokenName || t.kind == tokenWord) && !after(list, i).is("(") && !table.HasColumn(out, t.name) {
			out = append(out, t.name)
		}
	}
	return out
}

// Rename is such an expression with other names for columns.
func Rename(expression string, name func(string) string) string {
	list := tokens(expression)
	eachName(list, func(t *token) {
		if to := name(t.name); to != t.name {
			t.text = "`" + strings.ReplaceAll(to, "`", "``") + "`"
		}
	})
	var b strings.Builder
	for _, t := range list {
		b.WriteString(t.text)
	}
	return b.String()
}

// eachName calls f for each column's name in backquotes.
func eachName(list []token, f func(*token)) {
	for i := range list {
		if list[i].kind == tokenName && !before(list, i).is(".") && !after(list, i).is(".") && !after(list, i).is("(") {
			f(&list[i])
		}
	}
}

// before and after are the tokens beside one, without spaces and comments; an empty one at the ends.
func before(list []token, i int) token {
	for i--; i >= 0; i-- {
		if list[i].kind != tokenSpace && list[i].kind != tokenComment {
			return list[i]
		}
	}
	return token{}
}

func after(list []token, i int) token {
	for i++; i < len(list); i++ {
		if list[i].kind != tokenSpace && list[i].kind != tokenComment {
			return list[i]
		}
	}
	return token{}
}
