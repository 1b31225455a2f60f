package schema

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ErrType is returned for a text that is no column type, or one that cannot be declared.
var ErrType = errors.New("is not a type that a target's column can be declared with")

// declaredType is a type's name, its arguments, and what follows.
var declaredType = regexp.MustCompile(`^([a-z]+)\s*(?:\(((?:[^()']|'(?:[^'\\]|''|\\.)*')*)\))?\s*(unsigned)?$`)

// textLengths are the lengths, in bytes, of types that are declared without one.
var textLengths = map[string]uint64{
	"tinytext": 1<<8 - 1, "text": 1<<16 - 1, "mediumtext": 1<<24 - 1, "longtext": 1<<32 - 1,
	"tinyblob": 1<<8 - 1, "blob": 1<<16 - 1, "mediumblob": 1<<24 - 1, "longblob": 1<<32 - 1,
}

// ParseType is a column of a declared type, such as "decimal(20,4)", with the name of like. A text has the character
// set and collation of like where that is a text, and those of utf8mb4_bin otherwise.
func ParseType(text string, like table.Column) (table.Column, error) {
	text = strings.TrimSpace(text)
	name, _, _ := strings.Cut(text, "(")
	folded := strings.TrimSpace(strings.ToLower(name) + foldTail(text[len(name):]))
	m := declaredType.FindStringSubmatch(folded)
	if m == nil {
		return table.Column{}, fmt.Errorf("%q %w", text, ErrType)
	}
	c := table.Column{Name: like.Name, Type: folded, Nullable: like.Nullable}
	r := Record{"DATA_TYPE": value(m[1])}
	if err := describe(m[1], m[2], m[3] != "", r); err != nil {
		return table.Column{}, fmt.Errorf("%q %w", text, err)
	}
	if err := setKind(&c, r); err != nil {
		return table.Column{}, fmt.Errorf("%q: %w", text, err)
	}
	switch c.Kind {
	case table.KindString, table.KindEnum, table.KindSet:
		c.Charset, c.Collation = "utf8mb4", "utf8mb4_bin"
		if like.Charset != "" && like.Charset != "binary" {
			c.Charset, c.Collation = like.Charset, like.Collation
			c.RawCharset = like.RawCharset && c.Kind == table.KindString
		}
	default:
	}
	return c, nil
}

// foldTail lowers what follows a type's members or digits.
func foldTail(rest string) string {
	i := strings.LastIndex(rest, ")")
	return rest[:i+1] + strings.ToLower(rest[i+1:])
}

func value(text string) sql.NullString { return sql.NullString{String: text, Valid: true} }

// describe fills in what the information schema would say of a type.
func describe(name, args string, unsigned bool, r Record) error {
	numbers := make([]int, 0, 2)
	for _, part := range strings.Split(args, ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil && n >= 0 {
			numbers = append(numbers, n)
		}
	}
	_, integer := IntegerBits[name]
	length, sized := textLengths[name]
	wrong := unsigned && !integer && name != "decimal" || len(numbers) > 2
	switch {
	case integer:
		wrong = wrong || len(numbers) > 1
	case name == "decimal":
		precision, scale := 10, 0
		if len(numbers) > 0 {
			precision = numbers[0]
		}
		if len(numbers) > 1 {
			scale = numbers[1]
		}
		wrong = wrong || precision < 1 || precision > 65 || scale > 30 || scale > precision
		r["NUMERIC_PRECISION"], r["NUMERIC_SCALE"] = value(strconv.Itoa(precision)), value(strconv.Itoa(scale))
	case name == "char" || name == "varchar" || name == "binary" || name == "varbinary":
		wrong = wrong || len(numbers) != 1 || numbers[0] < 1 || numbers[0] > 65535
		if !wrong {
			r["CHARACTER_MAXIMUM_LENGTH"] = value(strconv.Itoa(numbers[0]))
		}
	case sized:
		wrong = wrong || args != ""
		r["CHARACTER_MAXIMUM_LENGTH"] = value(strconv.FormatUint(length, 10))
	case name == "datetime" || name == "timestamp" || name == "time":
		wrong = wrong || len(numbers) > 1 || len(numbers) == 1 && numbers[0] > 6
		if len(numbers) == 1 {
			r["DATETIME_PRECISION"] = value(strconv.Itoa(numbers[0]))
		}
	case name == "enum" || name == "set":
		return nil
	case name == "date" || name == "double" || name == "float" || name == "json" || name == "year":
		wrong = wrong || args != ""
	default:
		wrong = true
	}
	if wrong || args != "" && len(numbers) == 0 {
		return ErrType
	}
	return nil
}
