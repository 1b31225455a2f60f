package verify

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// canonicalJSON writes a document with sorted members and one form of each number, so that the text that a column of
// text keeps and the text that MySQL prints of it are equal. Where MySQL has parsed the text, asDoubles, numbers are
// what it keeps of them; otherwise only zeros at their end make no difference. What is no JSON stays as it is.
func canonicalJSON(asDoubles bool) form {
	number := exactNumber
	if asDoubles {
		number = doubleNumber
	}
	return func(v []byte) []byte {
		d := json.NewDecoder(bytes.NewReader(v))
		d.UseNumber()
		var doc any
		if err := d.Decode(&doc); err != nil {
			return v
		}
		if _, err := d.Token(); err != io.EOF {
			return v
		}
		out, err := json.Marshal(eachNumber(doc, number))
		if err != nil {
			return v
		}
		return out
	}
}

// eachNumber replaces each number of a document that is no plain integer.
func eachNumber(v any, number func(json.Number) json.Number) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = eachNumber(v[k], number)
		}
	case []any:
		for i := range v {
			v[i] = eachNumber(v[i], number)
		}
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return number(v)
		}
	}
	return v
}

// doubleNumber is the shortest form of the double that MySQL keeps of a number.
func doubleNumber(n json.Number) json.Number {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return n
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// exactNumber is a decimal without zeros at its end, or the double that a number with an exponent was printed of.
func exactNumber(n json.Number) json.Number {
	if strings.ContainsAny(string(n), "eE") {
		return doubleNumber(n)
	}
	return json.Number(trimmed(true)([]byte(n)))
}
