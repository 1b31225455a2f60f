package format

import (
	"fmt"
)

// build takes the node's subtree off the elements.
func (n *node) build(elements []element, depth, def, rep int, leaves *[]*node) ([]element, error) {
	if len(elements) == 0 || depth > maxTree {
		return nil, errSchema
	}
	n.element, elements = elements[0], elements[1:]
	if depth > 0 && (n.optional || n.repeated) {
		def++
	}
	if depth > 0 && n.repeated {
		rep++
	}
	n.def, n.rep, n.leaf = def, rep, -1
	if n.typ != typeGroup && n.count == 0 {
		if n.typ < typeBool || n.typ > typeFixed || n.typ == typeFixed && (n.length < 1 || n.length > maxPage) {
			return nil, errSchema
		}
		n.leaf = len(*leaves)
		*leaves = append(*leaves, n)
		n.form = n.meaning()
		return elements, nil
	}
	if n.count < 1 || n.count > len(elements) {
		return nil, errSchema
	}
	n.form, n.typ = formGroup, typeGroup
	for range n.count {
		child := &node{}
		var err error
		if elements, err = child.build(elements, depth+1, def, rep, leaves); err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
	return elements, nil
}

// meaning is the form of a leaf, from its logical type or the older converted type.
func (n *node) meaning() form {
	if n.logical == 0 {
		n.modernise()
	}
	whole := n.typ == typeInt32 || n.typ == typeInt64
	switch n.logical {
	case 0:
		return [8]form{formBool, formInt, formInt, formInt96, formFloat, formDouble, formBytes, formBytes}[n.typ]
	case logicalString, logicalEnum:
		return n.only(formText, n.typ == typeBytes)
	case logicalJSON:
		return n.only(formJSON, n.typ == typeBytes)
	case logicalDecimal:
		return n.only(formDecimal, (whole || n.typ == typeBytes || n.typ == typeFixed) && n.precision > 0 &&
			n.precision <= maxFilePrecision && n.scale >= 0 && n.scale <= n.precision)
	case logicalDate:
		return n.only(formDate, n.typ == typeInt32)
	case logicalTime:
		return n.only(formClock, whole && n.unit > 0)
	case logicalMoment:
		if n.adjusted {
			return n.only(formInstant, n.typ == typeInt64 && n.unit > 0)
		}
		return n.only(formMoment, n.typ == typeInt64 && n.unit > 0)
	case logicalInt:
		if n.signed {
			return n.only(formInt, whole)
		}
		return n.only(formUint, whole)
	case logicalNull:
		return formNull
	case logicalUUID:
		return n.only(formUUID, n.typ == typeFixed && n.length == 16)
	case logicalHalf:
		return n.only(formHalf, n.typ == typeFixed && n.length == 2)
	default:
		return formOther
	}
}

func (n *node) only(f form, ok bool) form {
	if ok {
		return f
	}
	return formOther
}

// maxFilePrecision is that of the widest decimals of other programs, 256 bits.
const maxFilePrecision = 76

// modernise sets the logical type that an older converted type means.
func (n *node) modernise() {
	switch c := n.converted; c {
	case noConverted:
	case 0:
		n.logical = logicalString
	case 4:
		n.logical = logicalEnum
	case 5:
		n.logical = logicalDecimal
	case 6:
		n.logical = logicalDate
	case 7, 8:
		n.logical, n.unit = logicalTime, [2]int64{1e3, 1e6}[c-7]
	case 9, 10: // the format's text says that these are in UTC
		n.logical, n.adjusted, n.unit = logicalMoment, true, [2]int64{1e3, 1e6}[c-9]
	case 11, 12, 13, 14, 15, 16, 17, 18:
		n.logical, n.signed = logicalInt, c >= 15
	case 19:
		n.logical = logicalJSON
	default:
		n.logical = -1 // BSON, INTERVAL and what is unknown
	}
}

// kind is what a group is in JSON.
func (n *node) kind() int {
	switch {
	case n.logical == logicalList || n.logical == 0 && n.converted == 3:
		if len(n.children) == 1 && n.children[0].repeated {
			return groupList
		}
	case n.logical == logicalMap || n.logical == 0 && (n.converted == 1 || n.converted == 2):
		if len(n.children) == 1 && n.children[0].repeated && len(n.children[0].children) == 2 {
			return groupMap
		}
	}
	return groupStruct
}

// described is the node's type for people.
func (n *node) described() string {
	names := [...]string{
		"an unsupported type", "a list, map or struct", "no values", "BOOLEAN", "INT", "UINT", "FLOAT", "DOUBLE",
		"FLOAT16", "DECIMAL", "DATE", "TIME", "TIMESTAMP without a zone", "TIMESTAMP in UTC", "INT96", "STRING", "JSON",
		"BYTE_ARRAY", "UUID",
	}
	if n.form == formDecimal {
		return fmt.Sprintf("DECIMAL(%d,%d)", n.precision, n.scale)
	}
	return names[n.form]
}
