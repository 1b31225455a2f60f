package verify

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// canonicalJSON writes a document with sorted members and one form of each number, so that the text that MariaDB keeps
// and the text that MySQL prints of it are equal. What is no JSON stays as it is.
func canonicalJSON(v []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return v
	}
	if _, err := d.Token(); err != io.EOF {
		return v
	}
	out, err := json.Marshal(numbers(doc))
	if err != nil {
		return v
	}
	return out
}

// numbers gives each number that is no plain integer the shortest form of its double, which is what MySQL keeps of it.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if !strings.ContainsAny(string(v), ".eE") {
			return v
		}
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
	}
	return v
}
