package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// exactCharsets are those whose every text makes the trip to utf8mb4 and back unchanged.
// Others (sjis, gbk, euckr …) have characters that share a code point, or none; ucs2 holds
// halves of surrogate pairs, which MySQL reads as utf8mb4 without an error and as nothing.
var exactCharsets = []string{
	"utf8mb4", "utf8mb3", "utf8", "ascii", "latin1", "utf16", "utf16le", "utf32",
}

// needsRawCharset reports whether a text must travel as its own bytes. Members of an ENUM or
// SET need not: the information schema spells them in UTF-8, and so does their DDL.
func needsRawCharset(server mysqldb.Server, c *table.Column) bool {
	if c.Kind != table.KindString || c.Charset == "" {
		return false
	}
	if c.Charset == "ascii" && server.Flavor == mysqldb.FlavorMariaDB {
		return true // it stores bytes above 7F as well, and would read them as '?'
	}
	return !slices.Contains(exactCharsets, c.Charset)
}

// IntegerBits are the bits of integer types by name.
var IntegerBits = map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}

var plainKinds = map[string]table.Kind{
	"float": table.KindFloat, "double": table.KindDouble, "year": table.KindYear, "date": table.KindDate,
	"char": table.KindString, "varchar": table.KindString, "tinytext": table.KindString, "text": table.KindString,
	"mediumtext": table.KindString, "longtext": table.KindString,
	"binary": table.KindBytes, "varbinary": table.KindBytes, "tinyblob": table.KindBytes, "blob": table.KindBytes,
	"mediumblob": table.KindBytes, "longblob": table.KindBytes, "vector": table.KindBytes,
	"json": table.KindJSON, "uuid": table.KindUUID, "inet4": table.KindInet, "inet6": table.KindInet,
	"geometry": table.KindGeometry, "point": table.KindGeometry, "linestring": table.KindGeometry,
	"polygon": table.KindGeometry, "multipoint": table.KindGeometry, "multilinestring": table.KindGeometry,
	"multipolygon": table.KindGeometry, "geomcollection": table.KindGeometry, "geometrycollection": table.KindGeometry,
	"datetime": table.KindDateTime, "timestamp": table.KindTimestamp, "time": table.KindTime,
	"enum": table.KindEnum, "set": table.KindSet, "decimal": table.KindDecimal, "bit": table.KindBit,
}

// setKind fills in what a value of the column looks like. An unknown type stays
// KindUnsupported: the plan refuses it by name.
func setKind(c *table.Column, r Record) error {
	dataType := strings.ToLower(r.Text("DATA_TYPE"))
	if bits, ok := IntegerBits[dataType]; ok {
		c.Kind, c.Bits = table.KindInt, bits
		if strings.Contains(strings.ToLower(c.Type), "unsigned") {
			c.Kind = table.KindUint
		}
		return nil
	}
	c.Kind = plainKinds[dataType]
	switch c.Kind {
	case table.KindYear:
		if strings.HasPrefix(strings.ToLower(c.Type), "year(2)") {
			c.Kind = table.KindUnsupported // MariaDB sends 2000 as 00, and takes 0 for the year 0000
		}
	case table.KindDecimal:
		c.Precision, c.Scale = int(r.Number("NUMERIC_PRECISION")), int(r.Number("NUMERIC_SCALE"))
	case table.KindBit:
		c.Bits = int(r.Number("NUMERIC_PRECISION"))
	case table.KindDateTime, table.KindTimestamp, table.KindTime:
		c.Precision = int(r.Number("DATETIME_PRECISION"))
	case table.KindString, table.KindBytes:
		c.Length = uint64(r.Number("CHARACTER_MAXIMUM_LENGTH"))
		if dataType == "vector" && c.Length == 0 {
			c.Length = vectorBytes(c.Type)
		}
	case table.KindEnum, table.KindSet:
		members, err := parseMembers(c.Type)
		if err != nil {
			return err
		}
		c.Members = members
	default:
	}
	return nil
}

// vectorBytes is the size of a vector(n): four bytes a number.
func vectorBytes(columnType string) uint64 {
	_, rest, _ := strings.Cut(columnType, "(")
	digits, _, _ := strings.Cut(rest, ")")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0
	}
	return 4 * n
}

var errMembers = errors.New("its list of members cannot be read")

// parseMembers reads the members out of a COLUMN_TYPE such as enum(...) or set(...). The server doubles quotes
// and escapes backslashes and control characters.
func parseMembers(columnType string) ([]string, error) {
	_, rest, ok := strings.Cut(columnType, "(")
	if !ok {
		return nil, errMembers
	}
	var members []string
	for {
		member, after, err := parseQuoted(rest)
		if err != nil {
			return nil, err
		}
		members = append(members, member)
		switch {
		case strings.HasPrefix(after, ","):
			rest = after[1:]
		case strings.HasPrefix(after, ")"):
			return members, nil
		default:
			return nil, errMembers
		}
	}
}

func parseQuoted(s string) (text, rest string, err error) {
	if !strings.HasPrefix(s, "'") {
		return "", "", errMembers
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(sqltext.UnescapeByte(s[i]))
		case s[i] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
			b.WriteByte('\'')
		case s[i] == '\'':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", fmt.Errorf("%w: a quote is not closed", errMembers)
}
