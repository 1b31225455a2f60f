package table

import (
	"errors"
	"fmt"
	"strings"
)

// maxIdentifier is MySQL's limit for the name of a schema or a table, in characters (manual: Identifier Length Limits).
const maxIdentifier = 64

// ErrBadName is returned by ParseName for a text that is not a schema-qualified table name.
var ErrBadName = errors.New("not a schema.table name")

// Name is a schema-qualified table name, unquoted.
type Name struct {
	Schema string `json:"schema"`
	Table  string `json:"table"`
}

// ParseName reads "schema.table". Either half may be in backticks, with a backtick inside
// doubled, which is needed only where it holds a dot or a backtick itself. Each half has 1 to
// 64 characters. The error wraps ErrBadName and says which half is wrong.
func ParseName(s string) (Name, error) {
	schema, rest, err := parseIdentifier(s)
	if err != nil {
		return Name{}, fmt.Errorf("%w: %q: %w", ErrBadName, s, err)
	}
	if !strings.HasPrefix(rest, ".") {
		return Name{}, fmt.Errorf("%w: %q: write it as schema.table", ErrBadName, s)
	}
	tbl, rest, err := parseIdentifier(rest[1:])
	if err != nil {
		return Name{}, fmt.Errorf("%w: %q: %w", ErrBadName, s, err)
	}
	if rest != "" {
		return Name{}, fmt.Errorf("%w: %q: a name with a dot goes into backticks", ErrBadName, s)
	}
	return Name{Schema: schema, Table: tbl}, nil
}

func parseIdentifier(s string) (id, rest string, err error) {
	if !strings.HasPrefix(s, "`") {
		if i := strings.IndexByte(s, '.'); i >= 0 {
			id, rest = s[:i], s[i:]
		} else {
			id = s
		}
		return id, rest, checkIdentifier(id)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '`' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '`' {
			b.WriteByte('`')
			i++
			continue
		}
		return b.String(), s[i+1:], checkIdentifier(b.String())
	}
	return "", "", errors.New("a backtick is not closed")
}

func checkIdentifier(id string) error {
	switch n := len([]rune(id)); {
	case n == 0:
		return errors.New("an empty name")
	case n > maxIdentifier:
		return fmt.Errorf("a name of %d characters, MySQL allows %d", n, maxIdentifier)
	case strings.ContainsRune(id, 0):
		return errors.New("a NUL character in a name")
	}
	return nil
}

// String is the form that ParseName reads back: schema.table, with backticks only where needed.
func (n Name) String() string { return plain(n.Schema) + "." + plain(n.Table) }

// IsZero reports whether n names nothing.
func (n Name) IsZero() bool { return n == Name{} }

// MarshalText and UnmarshalText make a Name a plain string in JSON and YAML.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote; see ParseName.
func (n *Name) UnmarshalText(text []byte) error {
	parsed, err := ParseName(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

func plain(id string) string {
	if strings.ContainsAny(id, ".`") {
		return "`" + strings.ReplaceAll(id, "`", "``") + "`"
	}
	return id
}
