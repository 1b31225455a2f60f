package format

import (
	"github.com/tablehaul/tablehaul/internal/table"
)

// jsonPrinter prints values inside of documents.
func jsonPrinter(n *node) (printer, error) {
	whole := &column{Column: table.Column{Name: n.name, Type: "json", Kind: table.KindJSON}, document: true}
	switch n.form {
	case formText:
		return func(dst []byte, _ uint64, b []byte) ([]byte, reason) { return appendJSONString(dst, b), "" }, nil
	case formBool, formInt, formUint, formFloat, formDouble, formHalf, formDecimal, formJSON, formNull:
		return newPrinter(n, whole)
	case formDate, formClock, formMoment, formInstant, formUUID:
		return quotedPrinter(n), nil
	default:
		return newPrinter(&node{element: n.element, form: formOther}, whole)
	}
}

// quotedPrinter prints dates, times and UUIDs as texts. An instant is one of ISO 8601, in UTC.
func quotedPrinter(n *node) printer {
	c := &column{utc: true}
	c.Precision = 6
	switch n.form {
	case formDate:
		c.Kind = table.KindDate
	case formClock:
		c.Kind = table.KindTime
	case formUUID:
		c.Kind = table.KindUUID
	default:
		c.Kind = table.KindDateTime
	}
	p := n.printer(c)
	return func(dst []byte, u uint64, b []byte) ([]byte, reason) {
		start := len(dst)
		dst, why := p(append(dst, '"'), u, b)
		if why != "" {
			return dst[:start], why
		}
		if n.form == formInstant {
			dst[start+1+len("2006-01-02")] = 'T'
			dst = append(dst, 'Z')
		}
		return append(dst, '"'), ""
	}
}

// appendJSONString appends a text as a string of JSON.
func appendJSONString(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, ch := range b {
		switch {
		case ch == '"' || ch == '\\':
			dst = append(dst, '\\', ch)
		case ch < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		default:
			dst = append(dst, ch)
		}
	}
	return append(dst, '"')
}
