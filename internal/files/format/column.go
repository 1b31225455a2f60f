package format

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// reason says why a value is refused; "" means that it is not.
type reason string

const (
	whyNull      reason = "NULL in a NOT NULL column"
	whyNumber    reason = "is no number"
	whyRange     reason = "is out of range"
	whyWhole     reason = "is no whole number"
	whyScale     reason = "has too many digits after the point"
	whyKind      reason = "a value of this type does not go into the column"
	whyUTF8      reason = "is no valid UTF-8"
	whyCharset   reason = "has a character that the column's character set does not have"
	whyLength    reason = "is too long"
	whyDate      reason = "is no date that exists"
	whyMoment    reason = "is no date and time that exists"
	whyClock     reason = "is no time"
	whyFraction  reason = "has more digits of a second than the column"
	whyNoZone    reason = "has no time zone, and a TIMESTAMP is a moment in UTC; `zone: UTC` says that it is meant"
	whyZone      reason = "has a time zone, and a DATETIME has none; `zone: UTC` writes it as UTC"
	whyMember    reason = "is none of the column's members"
	whyJSON      reason = "is no JSON document"
	whyBase64    reason = "is no base64"
	whyHex       reason = "is no hexadecimal text"
	whyUUID      reason = "is no UUID"
	whyInet      reason = "is no IP address"
	whyFloat     reason = "is no finite number"
	whyExact     reason = "has more digits than a double"
	whyTwice     reason = "its name is there twice"
	whyUnclear   reason = "a name in it may be of more than one column of the target"
	whyObject    reason = "it is no JSON object"
	whySurrogate reason = "has half of a surrogate pair"
)

// column is a column of the target with all that the conversion of its values needs.
type column struct {
	table.Column
	unsigned  bool   // a DECIMAL, FLOAT or DOUBLE that is
	boolean   bool   // TINYINT(1) or BIT(1)
	fixed     bool   // CHAR(n) or BINARY(n)
	byteLimit uint64 // of a TEXT, whose limit is in bytes
	runeLimit uint64
	maxRune   rune   // 0: any
	encoding  string // of bytes in text; BytesRaw, BytesBase64, BytesHex, or ""
	utc       bool   // Options.Zone is ZoneUTC
	jsonText  bool
	document  bool // takes nested values
	zeroDates bool // dates with zeros, as MySQL writes them
	enumError bool // an empty text is the error value of an ENUM, as MySQL writes it
	members   map[string]int
	folded    map[string]int // -1 where two members are equal without case
}

func newColumns(cols []table.Column, o *Options) ([]*column, error) {
	if len(cols) == 0 {
		return nil, fmt.Errorf("%w: no column of the target is in the file", ErrColumns)
	}
	if o.Zone != "" && o.Zone != ZoneUTC {
		return nil, fmt.Errorf("%w: zone %q: it is empty or %s", ErrColumns, o.Zone, ZoneUTC)
	}
	out := make([]*column, len(cols))
	for i := range cols {
		c, err := newColumn(cols[i], o)
		if err != nil {
			return nil, fmt.Errorf("%w: %q (%s): %w", ErrColumns, cols[i].Name, cols[i].Type, err)
		}
		out[i] = c
	}
	return out, nil
}

func newColumn(col table.Column, o *Options) (*column, error) {
	typ := strings.ToLower(col.Type)
	c := &column{
		Column: col, unsigned: strings.Contains(typ, "unsigned"), utc: o.Zone == ZoneUTC, jsonText: o.JSONText,
		boolean: col.Kind == table.KindInt && typ == "tinyint(1)" || col.Kind == table.KindBit && col.Bits == 1,
		fixed:   strings.HasPrefix(typ, "char(") || strings.HasPrefix(typ, "binary("), zeroDates: o.Format == TSV,
		enumError: o.Format == TSV && col.Kind == table.KindEnum,
	}
	c.encoding = o.Bytes
	decode, single := o.Decode[col.SourceName()]
	if single {
		c.encoding = decode
	}
	if !slices.Contains([]string{"", BytesBase64, BytesHex, BytesRaw}, c.encoding) {
		return nil, fmt.Errorf("bytes %q: they are %s, %s or %s", c.encoding, BytesBase64, BytesHex, BytesRaw)
	}
	if takes := []table.Kind{table.KindBytes, table.KindBit, table.KindGeometry}; single &&
		!slices.Contains(takes, col.Kind) {
		return nil, fmt.Errorf("the file has bytes as %s there: they go into BINARY, BLOB, BIT and geometry alone",
			decode)
	}
	switch col.Kind {
	case table.KindUnsupported:
		return nil, fmt.Errorf("the type is not supported")
	case table.KindGeometry:
		if !single {
			return nil, fmt.Errorf("geometry is not loaded from files")
		}
	case table.KindBytes:
		if c.encoding == "" && o.Format == TSV {
			c.encoding = BytesRaw
		}
		if c.encoding == "" && o.Format != Parquet {
			return nil, fmt.Errorf("text has no bytes: set `bytes` to %s, %s or %s, as the files have them",
				BytesBase64, BytesHex, BytesRaw)
		}
	case table.KindBit:
		if !single {
			c.encoding = ""
		}
	case table.KindString:
		return c, c.setText(typ)
	case table.KindEnum, table.KindSet:
		c.setMembers()
	case table.KindJSON:
		c.document = true
	default:
	}
	return c, nil
}

// textTypes have their limit in bytes.
var textTypes = []string{"tinytext", "text", "mediumtext", "longtext"}

func (c *column) setText(typ string) error {
	c.runeLimit = c.Length
	name, _, _ := strings.Cut(typ, " ")
	if slices.Contains(textTypes, name) {
		c.runeLimit, c.byteLimit = 0, c.Length
	}
	// MariaDB's JSON is this, with a check that the text is JSON.
	c.document = name == "longtext" && c.Collation == "utf8mb4_bin"
	switch c.Charset {
	case "utf8", "utf8mb3":
		c.maxRune = 0xffff
	case "ascii":
		c.maxRune = 0x7f
	case "ucs2":
		return fmt.Errorf("text is not written into the character set ucs2")
	case "latin1", "utf16", "utf16le", "utf32":
		if c.byteLimit > 0 { // how many bytes a text takes is the server's business
			c.runeLimit, c.byteLimit = c.byteLimit, 0
		}
	default:
		if c.RawCharset {
			c.maxRune = 0x7f // the same byte in every such character set
		}
	}
	return nil
}

func (c *column) setMembers() {
	c.members, c.folded = map[string]int{}, map[string]int{}
	binary := strings.HasSuffix(c.Collation, "_bin") || c.Collation == "binary" || strings.HasSuffix(c.Collation, "_cs")
	for i, m := range c.Members {
		c.members[m] = i
		if binary {
			continue
		}
		if _, twice := c.folded[strings.ToLower(m)]; twice {
			c.folded[strings.ToLower(m)] = -1
			continue
		}
		c.folded[strings.ToLower(m)] = i
	}
}

// explain is a reason with what the column takes.
func (c *column) explain(why reason) string {
	switch why {
	case whyNull, whyNoZone, whyZone, whyTwice:
		return string(why)
	default:
		return string(why) + ": " + c.shortType()
	}
}

// shortType is the type without its members, which may be many.
func (c *column) shortType() string {
	if c.Kind == table.KindEnum || c.Kind == table.KindSet {
		name, _, _ := strings.Cut(c.Type, "(")
		return name
	}
	return c.Type
}

// emptyIsText reports whether an empty text is a value of the column.
func (c *column) emptyIsText() bool {
	switch c.Kind {
	case table.KindString, table.KindBytes, table.KindSet:
		return true
	case table.KindEnum:
		_, ok := c.members[""]
		return ok || c.enumError
	default:
		return false
	}
}
