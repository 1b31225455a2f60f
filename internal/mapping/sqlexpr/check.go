package sqlexpr

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is what is wrong with an expression, and what to do.
type Problem struct{ Text, Remedy string }

// maxExpression bounds an expression, in bytes.
const maxExpression = 4096

// Check says what is wrong with an expression of the source; nil where nothing is. It judges by the tokens alone: the
// source says whether it is SQL, and knows the columns.
//
// The expression is put into every statement that reads rows. So it only reads, it gives the same for the same row
// whenever and by whom it is computed, and it cannot leave its parentheses.
func Check(sql string) *Problem {
	if strings.TrimSpace(sql) == "" || len(sql) > maxExpression {
		return &Problem{
			"is no expression", fmt.Sprintf("write an SQL expression of 1 to %d bytes", maxExpression),
		}
	}
	list := tokens(sql)
	depth := 0
	for i, t := range list {
		if p := checkToken(list, i); p != nil {
			return p
		}
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		return &Problem{"has parentheses that do not match", "close each parenthesis that is opened"}
	}
	return nil
}

func checkToken(list []token, i int) *Problem {
	switch t := list[i]; t.kind {
	case tokenBroken:
		return &Problem{"has a quote or a comment without an end, or a byte that is no character", "mend it"}
	case tokenComment:
		return &Problem{"has a comment", "put comments into the configuration file, after a #"}
	case tokenVariable:
		return &Problem{
			"has a variable, whose value is another one in each session", "write the value itself",
		}
	case tokenSign:
		if p := checkSign(list, i); p != nil {
			return p
		}
		return checkOperands(list, i)
	case tokenWord:
		return checkWord(list, i)
	case tokenName:
		if after(list, i).is("(") {
			return notDeterministic(t.name + "()")
		}
	case tokenSpace, tokenText, tokenNumber:
	}
	return nil
}

// signs are those that an expression may have.
const signs = "()+-*/%<>=!&|^~,."

func checkSign(list []token, i int) *Problem {
	t := list[i]
	switch {
	case t.text == ";":
		return &Problem{"has a semicolon: it would be two statements", "write one expression"}
	case !strings.Contains(signs, t.text):
		return &Problem{fmt.Sprintf("has the sign %q, which no expression has", t.text), "write one SQL expression"}
	case t.text == ".":
		return &Problem{"has a name of two parts", "write the column's name alone"}
	}
	return nil
}

func checkWord(list []token, i int) *Problem {
	word := strings.ToUpper(list[i].text)
	called := after(list, i).is("(")
	if p := checkOperands(list, i); p != nil {
		return p
	}
	switch {
	case slices.Contains(statementWords, word):
		return &Problem{
			fmt.Sprintf("has %s: an expression is of the row's own columns, without a subquery", word),
			"write one expression; a column of that name goes into backquotes",
		}
	case slices.Contains(momentWords, word):
		return notDeterministic(word)
	case called && !slices.Contains(operatorWords, word) && !slices.Contains(functions, word),
		called && word == "UNIX_TIMESTAMP" && isEmptyCall(list, i):
		return notDeterministic(word + "()")
	}
	return nil
}

// isEmptyCall reports whether a function has no argument.
func isEmptyCall(list []token, i int) bool {
	for i++; i < len(list) && !list[i].is("("); {
		i++
	}
	return after(list, i).is(")")
}

func notDeterministic(what string) *Problem {
	return &Problem{
		fmt.Sprintf("has %s, which is not known to give the same for the same row at any time, on any server", what),
		"write an expression of the row's own columns, with the functions of docs/columns.md",
	}
}
