package scan

import (
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// guessDigits is how many characters a midpoint has behind what both ends have in common.
	guessDigits = 12
	// maxTextTail bounds the characters that are looked at behind the common beginning of two texts.
	maxTextTail = 64
	// fillRunes is how many code points between two far characters a midpoint may use.
	fillRunes = 60
)

// textStrategies are the ways to cut a text column. None of them asks the server for the order of its collation: a
// midpoint that the collation places elsewhere makes a light piece, and the next strategy takes over.
//
//	strategy        finds                                       fits
//	by base letter  the middle of folded texts                  collations that first ignore accents and case
//	by code point   the middle of the texts as they are         _bin collations, scripts without accents
//	last beginning  the beginning that only the last text has   every collation; cuts off one letter at a time
func textStrategies(c table.Column) []midpointFunc {
	all := []midpointFunc{middleText(sameRune, c.Length), beginningOfLast}
	if strings.HasSuffix(c.Collation, "_bin") {
		return all
	}
	return slices.Insert(all, 0, middleText(baseLetter, c.Length))
}

// midpointLiteral writes a midpoint, which unlike a stored value is always UTF-8.
func midpointLiteral(c table.Column) func(string) (string, error) {
	return func(text string) (string, error) {
		sql := string(sqltext.AppendQuoted([]byte("_utf8mb4 "), []byte(text)))
		if c.Charset != "" && c.Charset != "utf8mb4" {
			sql = "CONVERT(" + sql + " USING " + c.Charset + ")"
		}
		if c.Collation != "" {
			sql += " COLLATE " + sqltext.Ident(c.Collation)
		}
		return sql, nil
	}
}

// baseLetter is a character in lower case and without its accents.
func baseLetter(r rune) rune {
	if r >= utf8.RuneSelf {
		r, _ = utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	}
	return unicode.ToLower(r)
}

func sameRune(r rune) rune { return r }

// middleText takes texts for numbers whose digits are their characters, each put through fold.
func middleText(fold func(rune) rune, length uint64) midpointFunc {
	return func(lo, hi string) (string, bool) {
		x, y := []rune(strings.Map(fold, lo)), []rune(strings.Map(fold, hi))
		same := commonRunes(x, y)
		common := x[:same]
		x, y = x[same:min(len(x), same+maxTextTail)], y[same:min(len(y), same+maxTextTail)]
		digits := digitsFor(x, y)
		low, high := digits.number(x), digits.number(y)
		if low.Cmp(high) >= 0 {
			return "", false
		}
		middle := append(common, digits.text(low.Add(low, high).Rsh(low, 1))...)
		if length > 0 && uint64(len(middle)) > length {
			middle = middle[:length]
		}
		return string(middle), true
	}
}

// beginningOfLast is what hi has in common with lo, and one character more.
func beginningOfLast(lo, hi string) (string, bool) {
	y := []rune(hi)
	same := commonRunes([]rune(lo), y)
	if same == len(y) {
		return "", false
	}
	return string(y[:same+1]), true
}

func commonRunes(x, y []rune) int {
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	return same
}

// textDigits are the characters that stand for 1, 2, 3 …; 0 is the end of a text.
type textDigits []rune

// digitsFor are the characters of two texts, those that usually come with them, and some between
// their first ones: of a script with thousands of characters, two texts hold few.
func digitsFor(x, y []rune) textDigits {
	digits := textDigits(slices.Concat(x, y))
	for _, related := range []struct{ from, to, first, last rune }{
		{'0', '9', '0', '9'}, {'a', 'f', 'a', 'f'}, {'g', 'z', 'a', 'z'}, {'A', 'F', 'A', 'F'}, {'G', 'Z', 'A', 'Z'},
	} {
		if slices.ContainsFunc(digits, func(r rune) bool { return r >= related.from && r <= related.to }) {
			for r := related.first; r <= related.last; r++ {
				digits = append(digits, r)
			}
		}
	}
	if len(x) > 0 && len(y) > 0 {
		for i := rune(1); i <= fillRunes; i++ {
			if r := x[0] + (y[0]-x[0])*i/(fillRunes+1); r >= utf8.RuneSelf && utf8.ValidRune(r) {
				digits = append(digits, r)
			}
		}
	}
	slices.Sort(digits)
	return slices.Compact(digits)
}

// number reads the first guessDigits characters of a text; what is missing is 0.
func (d textDigits) number(text []rune) *big.Int {
	n, base := new(big.Int), big.NewInt(int64(len(d)+1))
	for i := range guessDigits {
		n.Mul(n, base)
		if i < len(text) {
			at, _ := slices.BinarySearch(d, text[i])
			n.Add(n, big.NewInt(int64(at+1)))
		}
	}
	return n
}

// text is the inverse of number, up to the first 0.
func (d textDigits) text(n *big.Int) []rune {
	base, digit := big.NewInt(int64(len(d)+1)), new(big.Int)
	out, end := make([]rune, guessDigits), guessDigits
	for i := guessDigits - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		if at := digit.Int64(); at == 0 {
			end = i
		} else {
			out[i] = d[at-1]
		}
	}
	return out[:end]
}

// middleBytes takes binary strings for numbers whose digits are bytes.
func middleBytes(lo, hi string) (string, bool) {
	same := 0
	for same < min(len(lo), len(hi)) && lo[same] == hi[same] {
		same++
	}
	number := func(s string) *big.Int {
		n := new(big.Int)
		for i := same; i < same+guessDigits; i++ {
			n.Lsh(n, 8)
			if i < len(s) {
				n.Add(n, big.NewInt(int64(s[i])))
			}
		}
		return n
	}
	x, y := number(lo), number(hi)
	if x.Cmp(y) >= 0 {
		return "", false
	}
	x.Add(x, y).Rsh(x, 1)
	return lo[:same] + string(x.FillBytes(make([]byte, guessDigits))), true
}
