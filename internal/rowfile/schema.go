package rowfile

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/table/exact"
)

// ErrColumns is returned for columns that no file can hold: none at all, an unsupported
// type, a name twice, a DECIMAL outside MySQL's limits.
var ErrColumns = errors.New("columns cannot be written")

// rawSuffix ends the name of a companion column. A number follows where a table has a column of that name itself.
const rawSuffix = "__raw"

// form is how the text of a value becomes a typed value and comes back.
type form uint8

const (
	formInt form = iota
	formUint
	formFloat
	formDouble
	formDecimal
	formDate
	formMoment
	formTime
	formText
	formBytes
)

// leaf is one column of the file.
type leaf struct {
	name      string
	typ       format.Type
	length    int // bytes of a value of a FixedLenByteArray
	optional  bool
	unsigned  bool // for the order of minimum and maximum
	logical   format.LogicalTypeValue
	converted deprecated.ConvertedType // noConverted for none
	precision int                      // of a decimal, else 0
	scale     int
}

// noConverted marks leaves that have no counterpart among the converted types of old readers.
const noConverted deprecated.ConvertedType = -1

// column says where the values of a table's column are in the file. Typed leaves come
// first, in the order of the table, so the leaf of column i is i; companions follow.
type column struct {
	name      string
	form      form
	wide      bool // 8 bytes rather than 4, for formInt and formUint
	bits      int  // of formInt and formUint: 8, 16, 32, 64
	precision int  // digits of a decimal, fraction digits of a moment or time
	scale     int
	raw       int // leaf of the companion, or -1
}

type schema struct {
	columns []column
	leaves  []leaf
}

// newSchema is a function of cols alone: writer and reader both build it.
func newSchema(cols []table.Column) (*schema, error) {
	if len(cols) == 0 {
		return nil, fmt.Errorf("%w: there are none", ErrColumns)
	}
	s := &schema{columns: make([]column, len(cols)), leaves: make([]leaf, 0, 2*len(cols))}
	taken := make(map[string]bool, 2*len(cols))
	for i := range cols {
		c, l, err := describe(&cols[i])
		if err != nil {
			return nil, fmt.Errorf("%w: column %q: %w", ErrColumns, cols[i].Name, err)
		}
		if l.name == "" {
			return nil, fmt.Errorf("%w: column %d has no name", ErrColumns, i+1)
		}
		s.columns[i] = c
		s.leaves = append(s.leaves, l)
		taken[strings.ToLower(l.name)] = true
	}
	if err := unique(s.leaves); err != nil {
		return nil, err
	}
	for i := range s.columns {
		if s.columns[i].raw < 0 {
			continue
		}
		// Many readers compare names without case, so a companion keeps clear of those too.
		name := s.columns[i].name + rawSuffix
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = s.columns[i].name + rawSuffix + strconv.Itoa(n)
		}
		taken[strings.ToLower(name)] = true
		s.columns[i].raw = len(s.leaves)
		s.leaves = append(s.leaves, leaf{name: name, typ: format.ByteArray, optional: true, converted: noConverted})
	}
	return s, nil
}

func unique(leaves []leaf) error {
	seen := make(map[string]bool, len(leaves))
	for i := range leaves {
		if seen[leaves[i].name] {
			return fmt.Errorf("%w: column %q twice", ErrColumns, leaves[i].name)
		}
		seen[leaves[i].name] = true
	}
	return nil
}

// describe chooses the typed leaf of a column. A raw of 0 asks for a companion: integers and
// bytes need none, because every text that MySQL prints for them has a typed form.
func describe(col *table.Column) (column, leaf, error) {
	c := column{name: col.Name, precision: col.Precision, scale: col.Scale}
	l := leaf{name: col.Name, converted: noConverted}
	switch col.Kind {
	case table.KindInt, table.KindUint:
		c.raw = -1
		integer(&c, &l, col.Bits, col.Kind == table.KindUint)
	case table.KindBit:
		c.raw = -1
		integer(&c, &l, 64, true)
	case table.KindYear:
		integer(&c, &l, 16, true)
	case table.KindFloat:
		c.form, l.typ = formFloat, format.Float
	case table.KindDouble:
		c.form, l.typ = formDouble, format.Double
	case table.KindDecimal:
		if err := decimal(&c, &l); err != nil {
			return c, l, err
		}
	case table.KindDate:
		c.form, l.typ = formDate, format.Int32
		l.logical, l.converted = &format.DateType{}, deprecated.Date
	case table.KindDateTime, table.KindTimestamp, table.KindTime:
		if err := temporal(&c, &l, col.Kind); err != nil {
			return c, l, err
		}
	case table.KindString, table.KindEnum, table.KindSet, table.KindJSON, table.KindUUID, table.KindInet:
		text(&c, &l, col)
	case table.KindBytes, table.KindGeometry:
		c.raw, c.form, l.typ = -1, formBytes, format.ByteArray
	case table.KindUnsupported:
		return c, l, fmt.Errorf("type %q is not supported", col.Type)
	default:
		return c, l, fmt.Errorf("unknown kind %d", col.Kind)
	}
	// A value that went to the companion is NULL here, even in a NOT NULL column.
	l.optional = col.Nullable || c.raw >= 0
	return c, l, nil
}

func integer(c *column, l *leaf, bits int, unsigned bool) {
	switch {
	case bits <= 0 || bits > 32:
		bits = 64
	case bits > 16:
		bits = 32
	case bits > 8:
		bits = 16
	default:
		bits = 8
	}
	c.form, c.bits, c.wide = formInt, bits, bits == 64
	if unsigned {
		c.form = formUint
	}
	l.typ, l.unsigned = format.Int32, unsigned
	if c.wide {
		l.typ = format.Int64
	}
	l.logical = &format.IntType{BitWidth: int8(bits), IsSigned: !unsigned}
	signed := map[int]deprecated.ConvertedType{
		8: deprecated.Int8, 16: deprecated.Int16, 32: deprecated.Int32,
		64: deprecated.Int64,
	}
	l.converted = signed[bits]
	if unsigned {
		l.converted = map[int]deprecated.ConvertedType{
			8: deprecated.Uint8, 16: deprecated.Uint16,
			32: deprecated.Uint32, 64: deprecated.Uint64,
		}[bits]
	}
}

func decimal(c *column, l *leaf) error {
	if c.precision < 1 || c.precision > exact.MaxPrecision || c.scale < 0 || c.scale > c.precision {
		return fmt.Errorf("DECIMAL(%d,%d) is outside MySQL's limits", c.precision, c.scale)
	}
	c.form, l.precision, l.scale = formDecimal, c.precision, c.scale
	l.logical = &format.DecimalType{Scale: int32(c.scale), Precision: int32(c.precision)}
	l.converted = deprecated.Decimal
	switch {
	case c.precision <= 9:
		l.typ = format.Int32
	case c.precision <= 18:
		l.typ, c.wide = format.Int64, true
	default:
		l.typ, l.length = format.FixedLenByteArray, decimalBytes(c.precision)
	}
	return nil
}

// decimalBytes is the size of the smallest two's complement that holds precision digits.
func decimalBytes(precision int) int {
	return int(math.Ceil((float64(precision)*math.Log2(10) + 1) / 8))
}

func temporal(c *column, l *leaf, kind table.Kind) error {
	if c.precision < 0 || c.precision > 6 {
		return fmt.Errorf("%d fraction digits, MySQL has up to 6", c.precision)
	}
	l.typ = format.Int64
	micros := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch kind {
	case table.KindTime:
		// The converted types of old readers mean UTC, so only the adjusted one has its own.
		c.form, l.logical = formTime, &format.TimeType{Unit: micros}
	case table.KindTimestamp:
		c.form, l.logical = formMoment, &format.TimestampType{IsAdjustedToUTC: true, Unit: micros}
		l.converted = deprecated.TimestampMicros
	default:
		c.form, l.logical = formMoment, &format.TimestampType{Unit: micros}
	}
	return nil
}

// text maps ENUM to STRING as well: some readers show Parquet's ENUM as bytes.
func text(c *column, l *leaf, col *table.Column) {
	l.typ = format.ByteArray
	if col.RawCharset && col.Charset != "ascii" { // ascii is a string, but for bytes that MariaDB lets in
		c.raw, c.form = -1, formBytes
		return
	}
	c.form, l.logical, l.converted = formText, &format.StringType{}, deprecated.UTF8
	if col.Kind == table.KindJSON {
		l.logical, l.converted = &format.JsonType{}, deprecated.Json
	}
}
