package mysqldb

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// guessDigits is how many characters a guess has behind what both ends have in common.
	guessDigits = 12
	// deepest bounds the characters that are compared to find where two texts part.
	deepest = 64
	// maxLessons bounds the statements by which one alphabet is learned, and maxLetters its
	// size, which keeps each of them short.
	maxLessons = 8
	maxLetters = 400
	// spread is how many characters of an unknown script are tried at once.
	spread = 60
	// errNoSuchCollation is ER_UNKNOWN_COLLATION.
	errNoSuchCollation = 1273
)

// An alphabet guesses texts: it knows the order in which a collation puts characters, by
// having asked the server to sort those that keys have been seen to hold.
//
// It takes texts for numbers whose digits are characters. Collations are not so simple
// (contractions, ignored characters, several levels), so guesses are sometimes bad.
type alphabet struct {
	cutter  *cutter
	column  table.Column
	lessons int
	// order is the collation by which characters are sorted.
	order string
	// known are the characters asked for so far.
	known []rune
	// class is a character's place in the order, from 1; equal characters share one.
	class map[rune]int
	// letters holds a character of each class.
	letters []rune
}

func newAlphabet(c *cutter, column table.Column) *alphabet {
	return &alphabet{cutter: c, column: column, lessons: maxLessons, order: firstLevel(column.Collation)}
}

// firstLevel is a collation that compares texts as the given one first does. Those that tell
// accents and cases apart do so only where all letters are the same, so that the order of
// single characters says nothing of "e1" and "E0".
func firstLevel(collation string) string {
	for _, suffix := range []string{"_as_cs", "_as_ci"} {
		if rest, found := strings.CutSuffix(collation, suffix); found {
			return rest + "_ai_ci"
		}
	}
	return collation
}

// literal writes a guess, which unlike a value is always UTF-8.
func (a *alphabet) literal(text string) (string, error) {
	return a.collated(text, a.column.Collation), nil
}

func (a *alphabet) collated(text, collation string) string {
	collate := ""
	if collation != "" {
		collate = " COLLATE " + Ident(collation)
	}
	sql := string(appendQuoted([]byte("_utf8mb4 "), []byte(text)))
	if cs := a.column.Charset; cs != "" && cs != "utf8mb4" {
		sql = "CONVERT(" + sql + " USING " + cs + ")"
	}
	return sql + collate
}

// between is a guesser.
func (a *alphabet) between(ctx context.Context, lo, hi string) (string, bool, error) {
	x, y := []rune(lo), []rune(hi)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	common := x[:same]
	x, y = x[same:min(len(x), same+deepest)], y[same:min(len(y), same+deepest)]
	if err := a.learn(ctx, families(append(slices.Clone(x), y...))); err != nil {
		return "", false, err
	}
	equal := 0
	for equal < min(len(x), len(y)) && a.classOf(x[equal]) == a.classOf(y[equal]) {
		equal++
	}
	common = append(slices.Clone(common), x[:equal]...)
	x, y = x[equal:], y[equal:]
	if err := a.explore(ctx, x, y); err != nil {
		return "", false, err
	}
	low, high := a.number(x), a.number(y)
	if low.Cmp(high) >= 0 {
		return "", false, nil
	}
	guess := append(common, a.text(low.Add(low, high).Rsh(low, 1))...)
	if a.column.Length > 0 && uint64(len(guess)) > a.column.Length {
		guess = guess[:a.column.Length]
	}
	return string(guess), true, nil
}

// number reads the first guessDigits characters of a text; what is missing is 0.
func (a *alphabet) number(text []rune) *big.Int {
	n, base := new(big.Int), big.NewInt(int64(len(a.letters)+1))
	for i := range guessDigits {
		n.Mul(n, base)
		if i < len(text) {
			n.Add(n, big.NewInt(int64(a.classOf(text[i]))))
		}
	}
	return n
}

// text is the inverse of number.
func (a *alphabet) text(n *big.Int) []rune {
	digits := make([]int, guessDigits)
	base, digit := big.NewInt(int64(len(a.letters)+1)), new(big.Int)
	for i := range digits {
		n.DivMod(n, base, digit)
		digits[guessDigits-1-i] = int(digit.Int64())
	}
	var out []rune
	for _, d := range digits {
		if d == 0 {
			break
		}
		out = append(out, a.letters[d-1])
	}
	return out
}

// classOf is a character's place in the order, or that of the nearest known one below it.
func (a *alphabet) classOf(r rune) int {
	if class, ok := a.class[r]; ok {
		return class
	}
	i, _ := slices.BinarySearch(a.known, r)
	if i == 0 {
		return 0
	}
	return a.class[a.known[i-1]]
}

// families adds the characters that usually come with those seen.
func families(seen []rune) []rune {
	out := seen
	for _, f := range []struct{ from, to, first, last rune }{
		{'0', '9', '0', '9'}, {'a', 'f', 'a', 'f'}, {'g', 'z', 'a', 'z'}, {'A', 'F', 'A', 'F'}, {'G', 'Z', 'A', 'Z'},
	} {
		if slices.ContainsFunc(seen, func(r rune) bool { return r >= f.from && r <= f.to }) {
			for r := f.first; r <= f.last; r++ {
				out = append(out, r)
			}
		}
	}
	return out
}

// explore learns characters between the first ones of two texts where they are far apart and
// hardly any is known: of a script with thousands of characters few are ever seen.
func (a *alphabet) explore(ctx context.Context, x, y []rune) error {
	if len(x) == 0 || len(y) == 0 || a.classOf(y[0])-a.classOf(x[0]) > 8 {
		return nil
	}
	from, to := min(x[0], y[0]), max(x[0], y[0])
	if to < 0x80 || to-from < 16 {
		return nil
	}
	var more []rune
	for i := range rune(spread) {
		if r := from + (to-from)*(i+1)/(spread+1); utf8.ValidRune(r) {
			more = append(more, r)
		}
	}
	return a.learn(ctx, more)
}

// learn has the server sort the characters that are not yet known together with those that are.
func (a *alphabet) learn(ctx context.Context, runes []rune) error {
	known := a.known
	for _, r := range runes {
		if _, found := slices.BinarySearch(known, r); !found && len(known) < maxLetters {
			i, _ := slices.BinarySearch(known, r)
			known = slices.Insert(slices.Clone(known), i, r)
		}
	}
	if len(known) == len(a.known) || a.lessons == 0 {
		return nil
	}
	a.lessons--
	sorted, err := a.sort(ctx, known)
	if NumberOf(err) == errNoSuchCollation {
		a.order = a.column.Collation // as of Japanese and Chinese, which have no other level
		sorted, err = a.sort(ctx, known)
	}
	if err != nil {
		return err
	}
	a.known, a.class, a.letters = known, map[rune]int{}, nil
	for _, equal := range sorted {
		a.letters = append(a.letters, slices.Min(equal))
		for _, r := range equal {
			a.class[r] = len(a.letters)
		}
	}
	return nil
}

// sort returns characters in their order, equal ones together.
func (a *alphabet) sort(ctx context.Context, runes []rune) (_ [][]rune, err error) {
	var b strings.Builder
	for i, r := range runes {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, "SELECT %d AS i, %s AS c", i, a.collated(string(r), a.order))
	}
	a.cutter.left--
	rows, err := a.cutter.db.QueryContext(ctx, "SELECT GROUP_CONCAT(i) AS I FROM ("+b.String()+") letters GROUP BY c ORDER BY c")
	if err != nil {
		return nil, err
	}
	recs, err := scanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	var out [][]rune
	for _, rec := range recs {
		var equal []rune
		for digits := range strings.SplitSeq(rec.text("I"), ",") {
			var i int
			if _, err := fmt.Sscanf(digits, "%d", &i); err == nil && i < len(runes) {
				equal = append(equal, runes[i])
			}
		}
		if len(equal) > 0 {
			out = append(out, equal)
		}
	}
	return out, err
}

// middleBytes is a guesser for binary strings: numbers whose digits are bytes.
func middleBytes(_ context.Context, lo, hi string) (string, bool, error) {
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
		return "", false, nil
	}
	x.Add(x, y).Rsh(x, 1)
	return lo[:same] + string(x.FillBytes(make([]byte, guessDigits))), true, nil
}
