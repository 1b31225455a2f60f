package table

import (
	"cmp"
	"slices"
)

// Kind groups MySQL's column types by how a value travels.
//
// The text of a value (what a Rows cell holds) is what the text protocol prints in a session
// with time_zone '+00:00' and utf8mb4; the exceptions stand beside the kind.
type Kind uint8

const (
	// KindUnsupported marks a type that cannot be carried; the plan refuses it by name.
	KindUnsupported Kind = iota
	// KindInt is TINYINT to BIGINT, signed: "-42", never zero-filled.
	KindInt
	// KindUint is TINYINT to BIGINT UNSIGNED: "18446744073709551615", never zero-filled.
	KindUint
	// KindDecimal is DECIMAL(p,s): all s digits, "-1.10".
	KindDecimal
	// KindFloat is FLOAT: the shortest text that reads back as the same double, which is
	// the float's exact value (strconv 'g', -1, 64). MySQL's own six digits lose bits.
	KindFloat
	// KindDouble is DOUBLE: the shortest text that reads back as the same double ('g', -1, 64).
	KindDouble
	// KindBit is BIT(1) to BIT(64): its value as an unsigned decimal number, "5".
	KindBit
	// KindYear is YEAR: "2024", and "0" for the zero year.
	KindYear
	// KindDate is DATE: "2024-02-30" and "0000-00-00" are possible.
	KindDate
	// KindDateTime is DATETIME(0-6), in the writers' local time: always Precision fraction digits.
	KindDateTime
	// KindTimestamp is TIMESTAMP(0-6), in UTC: always Precision fraction digits.
	KindTimestamp
	// KindTime is TIME(0-6), "-838:59:59.000000" to "838:59:59.000000".
	KindTime
	// KindString is CHAR, VARCHAR and the TEXTs: UTF-8, or bytes of Charset where RawCharset is set.
	KindString
	// KindBytes is BINARY, VARBINARY, the BLOBs and VECTOR: the bytes themselves.
	KindBytes
	// KindEnum is ENUM: the member's text. The error value (index 0) is "" where no member
	// is the empty string, and "\x00" where one is.
	KindEnum
	// KindSet is SET: members joined with commas; the decimal number of its bits where the
	// text does not tell all values apart (see Column.SetByNumber).
	KindSet
	// KindJSON is MySQL's JSON, as printed. MariaDB's JSON is a LONGTEXT and so a KindString.
	KindJSON
	// KindGeometry is every spatial type: MySQL's internal form, four bytes of SRID (little endian), then WKB.
	KindGeometry
	// KindUUID is MariaDB's UUID: "123e4567-e89b-12d3-a456-426655440000".
	KindUUID
	// KindInet is MariaDB's INET4 and INET6, as printed.
	KindInet
)

// Column is one column of a table, as far as its values and its use in a run are concerned.
type Column struct {
	Name string `json:"name"`
	// Type is the server's COLUMN_TYPE, such as "decimal(10,2) unsigned".
	Type string `json:"type"`
	Kind Kind   `json:"kind"`
	// Bits is the width of an integer (8, 16, 24, 32, 64) or of a BIT(n); 0 otherwise.
	Bits int `json:"bits,omitempty"`
	// Precision is the digits of a DECIMAL (1-65) or the fraction digits (0-6) of a DATETIME, TIMESTAMP or TIME.
	Precision int `json:"precision,omitempty"`
	// Scale is the digits of a DECIMAL after the point, 0-30.
	Scale int `json:"scale,omitempty"`
	// Length is the declared maximum in characters (strings) or bytes (binary); 0 where it does not apply.
	Length uint64 `json:"length,omitempty"`
	// Charset and Collation are set for string kinds, ENUM and SET.
	Charset   string `json:"charset,omitempty"`
	Collation string `json:"collation,omitempty"`
	// RawCharset says that values are bytes in Charset and not UTF-8, because a trip through
	// UTF-8 is not proven exact for this character set.
	RawCharset bool `json:"rawCharset,omitempty"`
	// Members are those of an ENUM or SET, in their order.
	Members  []string `json:"members,omitempty"`
	Nullable bool     `json:"nullable,omitempty"`
	// Generated columns are computed by the server: never read, never written.
	Generated     bool `json:"generated,omitempty"`
	Invisible     bool `json:"invisible,omitempty"`
	AutoIncrement bool `json:"autoIncrement,omitempty"`
	// From is the column's name in the table that it is read from, where that is another one than Name; see SourceName.
	From string `json:"from,omitempty"`
	// Expr is an SQL expression of that table which yields the value; empty: the value is that of the column.
	Expr string `json:"expr,omitempty"`
	// Mask is the keyed mask by which the worker replaces the value that it has read; see package mask. Kind and type
	// are those of what it becomes.
	Mask string `json:"mask,omitempty"`
	// MadeBy is equal where values of the column are made in the same way: a digest of the expressions of the source
	// behind them, and of the types that decide what those and a keyed mask give; see package mapping. "" is not known.
	MadeBy string `json:"madeBy,omitempty"`
}

// SourceName is the column's name in the table that it is read from.
func (c Column) SourceName() string { return cmp.Or(c.From, c.Name) }

// SetByNumber reports whether values of a SET travel as the decimal number of their bits: with an
// empty member, several values print as the same text.
func (c Column) SetByNumber() bool { return c.Kind == KindSet && slices.Contains(c.Members, "") }

// ReadAlike reports whether what is read of two text columns has the same bytes just where they hold the same text. The
// bytes of ascii are those of its UTF-8, also where one server has them read as bytes (MariaDB) and one as text.
func ReadAlike(a, b Column) bool {
	return a.RawCharset == b.RawCharset && (!a.RawCharset || a.Charset == b.Charset) ||
		a.Charset == "ascii" && b.Charset == "ascii"
}

// Carried are the columns whose values travel: all but the generated ones, in table order.
func Carried(cols []Column) []Column {
	out := make([]Column, 0, len(cols))
	for _, c := range cols {
		if !c.Generated {
			out = append(out, c)
		}
	}
	return out
}

// Index is the position of the named column in cols, or -1; see SameColumn.
func Index(cols []Column, name string) int {
	for i := range cols {
		if SameColumn(cols[i].Name, name) {
			return i
		}
	}
	return -1
}
