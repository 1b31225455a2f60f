package world_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// pick is one of several, each as likely.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// often is true in so many of a hundred cases.
func often(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// A form is how a type's values are made comparable between two kinds of server.
type form int

const (
	asText   form = iota
	asBytes       // shown in hexadecimal
	asNumber      // trailing zeros of a fraction do not count
	asMoment      // nor do they here
	asFloat
	asDocument
)

// A column is one that a table may have. Its values are given as int64, float64, string (text),
// []byte (binary) or nil.
type column struct {
	name, ddl string
	form      form
	// nullable columns, and those with a default, may be left out of an INSERT.
	nullable, defaulted bool
	value               func(r *rand.Rand) any
}

// definition is the column as CREATE TABLE and ADD COLUMN take it.
func (c column) definition() string { return c.name + " " + c.ddl }

var words = []string{
	"", "a", "Zebra", "straße", "ÄÖÜ", "naïve", "日本語", "😀 smile", "two  spaces", "it's", `back\slash`, "100%",
	"tab\there",
	"new\nline", "semi;colon", "-- no comment", "/* nor this */", "NULL", "0", "ß", "œuvre",
}

func text(r *rand.Rand, most int) string {
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(pick(r, words...))
	}
	out := []rune(b.String())
	return string(out[:min(len(out), most)])
}

func latin(r *rand.Rand, most int) string {
	return strings.Map(func(c rune) rune {
		if c > 0xff {
			return 'x'
		}
		return c
	}, text(r, most))
}

func octets(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// kinds are the types that columns have, on both kinds of server.
var kinds = []struct {
	ddl      string
	defaults string // a literal, for those that may have a default
	form     form
	value    func(r *rand.Rand) any
}{
	{"TINYINT", "7", asNumber, func(r *rand.Rand) any { return int64(r.IntN(256) - 128) }},
	{"INT UNSIGNED", "4000000000", asNumber, func(r *rand.Rand) any { return int64(r.Uint32()) }},
	{"BIGINT", "-1", asNumber, func(r *rand.Rand) any { return int64(r.Uint64()) }}, //nolint:gosec // any bits
	{"BIGINT UNSIGNED", "0", asNumber, func(r *rand.Rand) any {
		return pick[any](r, "18446744073709551615", "0", int64(r.Uint32()))
	}},
	{"DECIMAL(20,6)", "1.500000", asNumber, func(r *rand.Rand) any {
		return fmt.Sprintf("%d.%06d", r.IntN(1e9)-5e8, r.IntN(1e6))
	}},
	{"DOUBLE", "0.1", asFloat, func(r *rand.Rand) any { return r.NormFloat64() * 1e5 }},
	{"VARCHAR(60)", "'größer'", asText, func(r *rand.Rand) any { return text(r, 60) }},
	{"VARCHAR(60) COLLATE utf8mb4_bin", "''", asText, func(r *rand.Rand) any { return text(r, 60) }},
	{"VARCHAR(60) CHARACTER SET latin1", "'x'", asText, func(r *rand.Rand) any { return latin(r, 60) }},
	{"CHAR(10)", "'ten'", asText, func(r *rand.Rand) any { return strings.TrimRight(text(r, 10), " ") }},
	{"TEXT", "", asText, func(r *rand.Rand) any { return strings.Repeat(text(r, 90), r.IntN(12)) }},
	{"VARBINARY(40)", "x'ff00'", asBytes, func(r *rand.Rand) any { return octets(r, r.IntN(41)) }},
	{"BINARY(8)", "x'0001020304050607'", asBytes, func(r *rand.Rand) any { return octets(r, 8) }},
	{"BLOB", "", asBytes, func(r *rand.Rand) any { return octets(r, r.IntN(300)) }},
	{"BIT(13)", "b'101'", asBytes, func(r *rand.Rand) any { return int64(r.IntN(1 << 13)) }},
	{"DATE", "'2001-02-03'", asText, func(r *rand.Rand) any {
		return fmt.Sprintf("%04d-%02d-%02d", 1000+r.IntN(8999), 1+r.IntN(12), 1+r.IntN(28))
	}},
	{"DATETIME(3)", "'2001-02-03 04:05:06.789'", asMoment, func(r *rand.Rand) any {
		return fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d.%03d", 1000+r.IntN(8999), 1+r.IntN(12), 1+r.IntN(28),
			r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(1000))
	}},
	{"TIME(2)", "'-01:02:03.45'", asMoment, func(r *rand.Rand) any {
		return fmt.Sprintf("%d:%02d:%02d.%02d", r.IntN(1600)-800, r.IntN(60), r.IntN(60), r.IntN(100))
	}},
	{"YEAR", "1999", asText, func(r *rand.Rand) any { return int64(1901 + r.IntN(250)) }},
	{"ENUM('new','paid','größe','')", "'paid'", asText, func(r *rand.Rand) any {
		return pick(r, "new", "paid", "größe")
	}},
	{"SET('a','b','c')", "'a,c'", asText, func(r *rand.Rand) any { return pick(r, "", "a", "b,c", "a,b,c") }},
	{"JSON", "", asDocument, func(r *rand.Rand) any {
		return fmt.Sprintf(`{"n": %d, "s": %s, "l": [1, null, true, {"x": -0.5}]}`, r.IntN(1000),
			strconv.Quote(pick(r, "a", "ü", "", "😀")))
	}},
}

// drawColumn makes a column of a name.
func drawColumn(r *rand.Rand, name string) column {
	k := pick(r, kinds...)
	c := column{name: name, ddl: k.ddl, form: k.form, value: k.value, nullable: often(r, 60)}
	if c.nullable {
		c.ddl += " NULL"
		c.value = func(r *rand.Rand) any {
			if often(r, 20) {
				return nil
			}
			return k.value(r)
		}
	} else {
		c.ddl += " NOT NULL"
	}
	if k.defaults != "" && often(r, 40) {
		c.ddl += " DEFAULT " + k.defaults
		c.defaulted = true
	}
	return c
}

// literal is a value as SQL has it.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("x'%x'", v)
	case string:
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(v) + "'"
	default:
		return fmt.Sprint(v)
	}
}

// inline puts the literals of args in place of a statement's question marks.
func inline(query string, args []any) string {
	var b strings.Builder
	for _, v := range args {
		before, after, _ := strings.Cut(query, "?")
		b.WriteString(before)
		b.WriteString(literal(v))
		query = after
	}
	return b.String() + query
}
