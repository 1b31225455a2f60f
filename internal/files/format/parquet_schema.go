package format

import (
	"errors"

	"github.com/tablehaul/tablehaul/internal/parquet"
)

// Physical types.
const (
	typeBool = iota
	typeInt32
	typeInt64
	typeInt96
	typeFloat
	typeDouble
	typeBytes
	typeFixed
	typeGroup = -1
)

// form is what the values of a leaf mean.
type form uint8

const (
	formOther form = iota // what is not read; its values are refused
	formGroup             // a list, a map or a struct
	formNull              // a column without any value
	formBool
	formInt
	formUint
	formFloat
	formDouble
	formHalf
	formDecimal
	formDate
	formClock
	formMoment // without a zone
	formInstant
	formInt96
	formText
	formJSON
	formBytes
	formUUID
)

// Kinds of groups.
const (
	groupStruct = iota
	groupList
	groupMap
)

// node is a column of the schema, or a group of them.
type node struct {
	element
	form     form
	children []*node
	leaf     int // its number among the leaves; -1 of a group
	def, rep int // levels of a value that is there
}

// element is one entry of the schema in the footer.
type element struct {
	name      string
	typ       int // typeGroup for a group
	length    int
	repeated  bool
	optional  bool
	count     int
	converted int
	logical   int
	scale     int
	precision int
	unit      int64 // of times: units in a second
	adjusted  bool
	signed    bool
}

const (
	noConverted = -1
	maxTree     = 32
)

func readElement(r *parquet.ThriftReader) element {
	e := element{typ: typeGroup, converted: noConverted}
	r.Fields(func(id int64, typ byte) {
		number := typ == parquet.ThriftI32
		switch {
		case id == 1 && number:
			e.typ = int(r.Int())
		case id == 2 && number:
			e.length = int(r.Int())
		case id == 3 && number:
			rep := r.Int()
			e.optional, e.repeated = rep == 1, rep == 2
		case id == 4 && typ == parquet.ThriftBinary:
			e.name = string(r.Bytes())
		case id == 5 && number:
			e.count = int(r.Int())
		case id == 6 && number:
			e.converted = int(r.Int())
		case id == 7 && number:
			e.scale = int(r.Int())
		case id == 8 && number:
			e.precision = int(r.Int())
		case id == 10 && typ == parquet.ThriftStruct:
			r.Fields(func(id int64, typ byte) {
				e.logical = int(id)
				e.readLogical(r, typ)
			})
		default:
			r.Skip(typ, 0)
		}
	})
	return e
}

// Logical types, by their field in the union.
const (
	logicalString  = 1
	logicalMap     = 2
	logicalList    = 3
	logicalEnum    = 4
	logicalDecimal = 5
	logicalDate    = 6
	logicalTime    = 7
	logicalMoment  = 8
	logicalInt     = 10
	logicalNull    = 11
	logicalJSON    = 12
	logicalUUID    = 14
	logicalHalf    = 15
)

func (e *element) readLogical(r *parquet.ThriftReader, typ byte) {
	if typ != parquet.ThriftStruct {
		r.Skip(typ, 0)
		return
	}
	r.Fields(func(id int64, typ byte) {
		moment := e.logical == logicalTime || e.logical == logicalMoment
		switch {
		case e.logical == logicalDecimal && id == 1 && typ == parquet.ThriftI32:
			e.scale = int(r.Int())
		case e.logical == logicalDecimal && id == 2 && typ == parquet.ThriftI32:
			e.precision = int(r.Int())
		case e.logical == logicalInt && id == 2:
			e.signed = typ == parquet.ThriftTrue
		case moment && id == 1:
			e.adjusted = typ == parquet.ThriftTrue
		case moment && id == 2 && typ == parquet.ThriftStruct:
			r.Fields(func(id int64, typ byte) {
				if id >= 1 && id <= 3 {
					e.unit = [4]int64{0, 1e3, 1e6, 1e9}[id]
				}
				r.Skip(typ, 0)
			})
		default:
			r.Skip(typ, 0)
		}
	})
}

var errSchema = errors.New("its schema contradicts itself")
