package table

import (
	"encoding/json"
	"unicode/utf8"
)

// Texts are values in text form that keep every byte as JSON: a binary key is not valid UTF-8, and
// JSON's own strings would put U+FFFD in place of its bytes. Such a text is {"bytes": "base64"}.
type Texts []string

// Bytes tells texts from all others: two lists have the same bytes only where they have the same texts.
func (t Texts) Bytes() string {
	var b []byte
	for _, text := range t {
		b = AppendValue(b, []byte(text))
	}
	return string(b)
}

type binaryText struct {
	Bytes []byte `json:"bytes"`
}

// MarshalJSON writes texts so that UnmarshalJSON reads back the same bytes.
func (t Texts) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	out := make([]any, len(t))
	for i, s := range t {
		if out[i] = s; !utf8.ValidString(s) {
			out[i] = binaryText{[]byte(s)}
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON has written, or a list of plain strings.
func (t *Texts) UnmarshalJSON(data []byte) error {
	var in []json.RawMessage
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if *t = nil; in == nil {
		return nil
	}
	*t = make(Texts, len(in))
	for i, raw := range in {
		if len(raw) == 0 || raw[0] != '{' {
			if err := json.Unmarshal(raw, &(*t)[i]); err != nil {
				return err
			}
			continue
		}
		var b binaryText
		if err := json.Unmarshal(raw, &b); err != nil {
			return err
		}
		(*t)[i] = string(b.Bytes)
	}
	return nil
}
