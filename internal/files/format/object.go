package format

import (
	"unicode/utf8"

	"github.com/tablehaul/tablehaul/internal/table"
)

// object is a JSON object taken apart, its values as they are in the text.
type object struct {
	columns []*column
	names   []string
	index   map[string]int // of names as they are in the file; see match
	folded  []foldedNames  // see match; nil before its first call
	values  []jsonValue
	round   uint64 // of parse
	unclear bool   // a name of the last object may be of more than one column
	guess   int    // the column that the next key is likely to be
	key     []byte
	text    []byte
	onKey   func(key []byte) // nil but for Names
}

// jsonValue is the value of one column.
type jsonValue struct {
	kind    byte // n, t, f, #, ", { or [
	raw     []byte
	escaped bool
	twice   bool
	seen    uint64 // the round that it belongs to
}

func (o *object) init(columns []*column) {
	o.columns, o.values = columns, make([]jsonValue, len(columns))
	o.index = make(map[string]int, len(columns))
	for i, c := range columns {
		o.names = append(o.names, c.SourceName())
		o.index[o.names[i]] = i
	}
}

// parse takes an object apart; false where b is none. A name that is there twice is marked.
func (o *object) parse(b []byte) bool {
	o.round++
	o.guess, o.unclear = 0, false
	p := scanner{b: b}
	p.space()
	if !p.take('{') {
		return false
	}
	p.space()
	if p.take('}') {
		p.space()
		return p.i == len(b)
	}
	for {
		key, ok := o.readKey(&p)
		if !ok {
			return false
		}
		p.space()
		start := p.i
		kind, escaped := p.value(1)
		if kind == 0 {
			return false
		}
		if o.onKey != nil {
			o.onKey(key)
		}
		switch i := o.find(key); i {
		case ofNone:
		case ofSeveral:
			o.unclear = true
		default:
			v := &o.values[i]
			v.twice = v.seen == o.round
			v.kind, v.raw, v.escaped, v.seen = kind, b[start:p.i], escaped, o.round
		}
		p.space()
		if p.take('}') {
			p.space()
			return p.i == len(b)
		}
		if !p.take(',') {
			return false
		}
		p.space()
	}
}

// readKey reads a name and the colon behind it.
func (o *object) readKey(p *scanner) ([]byte, bool) {
	start := p.i
	escaped, ok := p.string()
	if !ok {
		return nil, false
	}
	key := p.b[start+1 : p.i-1]
	if escaped {
		var why reason
		if o.key, why = unescape(o.key[:0], key); why != "" {
			return nil, false
		}
		key = o.key
	}
	p.space()
	return key, p.take(':')
}

// What find returns beside the place of a column.
const (
	ofNone    = -1
	ofSeveral = -2
)

// find is the column of a name, ofNone or ofSeveral. The objects of one file have their names in the same order,
// mostly.
func (o *object) find(key []byte) int {
	if o.guess < len(o.names) && o.names[o.guess] == string(key) {
		o.guess++
		return o.guess - 1
	}
	i, ok := o.index[string(key)]
	if !ok {
		if i = ofNone; len(key) <= maxName {
			i = o.match(string(key))
			if len(o.index) < maxNames {
				o.index[string(key)] = i
			}
		}
	}
	if i >= 0 {
		o.guess = i + 1
	}
	return i
}

// foldedNames are the columns by what a fold makes of their names; ofSeveral where that is the same of two.
type foldedNames struct {
	fold   func(string) string
	column map[string]int
}

// match finds the column of a name that is none of the columns' own, as Match does: a maker may write a name in another
// way than in the rows, or the files, by which columns were matched.
func (o *object) match(key string) int {
	if o.folded == nil {
		o.foldNames()
	}
	for _, names := range o.folded {
		if i, ok := names.column[names.fold(key)]; ok {
			return i
		}
	}
	return ofNone
}

func (o *object) foldNames() {
	for _, fold := range []func(string) string{table.FoldColumn, Snake} {
		names := foldedNames{fold, map[string]int{}}
		for i, c := range o.columns {
			for _, name := range []string{fold(c.Name), fold(c.SourceName())} {
				if other, twice := names.column[name]; twice && other != i {
					names.column[name] = ofSeveral
				} else {
					names.column[name] = i
				}
			}
		}
		delete(names.column, "")
		o.folded = append(o.folded, names)
	}
}

// put converts a value into a row.
func (o *object) put(b *batch, i int, row int64, v *jsonValue) {
	c := b.columns[i]
	dst := b.rows.Tail()
	var why reason
	switch v.kind {
	case '"':
		if c.Kind == table.KindJSON && !c.jsonText {
			dst, why = c.nested(dst, v.raw)
			break
		}
		text := v.raw[1 : len(v.raw)-1]
		if v.escaped {
			if o.text, why = unescape(o.text[:0], text); why != "" {
				break
			}
			text = o.text
		}
		b.value(i, row, text)
		return
	case '#':
		dst, why = c.number(dst, v.raw)
	case 't', 'f':
		dst, why = c.bool(dst, v.kind == 't')
	default:
		if !c.document {
			why = whyKind
			break
		}
		dst, why = c.nested(dst, v.raw)
	}
	b.tail(i, row, dst, why)
}

// nested writes an object or array into a column of documents.
func (c *column) nested(dst, raw []byte) ([]byte, reason) {
	if c.byteLimit > 0 && uint64(len(raw)) > c.byteLimit {
		return dst, whyLength
	}
	if !utf8.Valid(raw) {
		return dst, whyUTF8
	}
	return append(dst, raw...), ""
}

// jsonDocument checks that a text is a JSON document.
func (c *column) jsonDocument(dst, b []byte) ([]byte, reason) {
	p := scanner{b: b}
	p.space()
	kind, _ := p.value(0)
	p.space()
	if kind == 0 || p.i != len(b) {
		return dst, whyJSON
	}
	if !utf8.Valid(b) {
		return dst, whyUTF8
	}
	return append(dst, b...), ""
}
