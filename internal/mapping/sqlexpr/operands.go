package sqlexpr

import (
	"fmt"
	"slices"
	"strings"
)

// signsBetween and wordsBetween stand between two operands, and those before one stand before one as well. No column
// has such a word for a name, but in backquotes.
const (
	signsBefore  = "+-~!"
	signsBetween = "*/%<>=&|^"
)

var (
	wordsBefore  = []string{"NOT"}
	wordsBetween = []string{"AND", "OR", "XOR", "LIKE", "IN", "BETWEEN", "IS", "DIV", "REGEXP", "RLIKE"}
)

// checkOperands finds an operator at the beginning or the end of an expression, of parentheses, or of an argument.
func checkOperands(list []token, i int) *Problem {
	t := list[i]
	isOne := func(signs string, words []string) bool {
		return t.kind == tokenSign && strings.Contains(signs, t.text) ||
			t.kind == tokenWord && slices.Contains(words, strings.ToUpper(t.text))
	}
	between := isOne(signsBetween, wordsBetween)
	switch {
	case !between && !isOne(signsBefore, wordsBefore):
		return nil
	case ends(after(list, i), ")"):
		return &Problem{fmt.Sprintf("has nothing behind %s", t.text), "write the whole expression"}
	case between && ends(before(list, i), "("):
		return &Problem{fmt.Sprintf("has nothing before %s", t.text), "write the whole expression"}
	}
	return nil
}

// ends reports whether a token is none, a comma, or the given parenthesis.
func ends(t token, parenthesis string) bool { return t.text == "" || t.is(",") || t.is(parenthesis) }
