package format

import (
	"errors"

	"github.com/tablehaul/tablehaul/internal/table"
)

// tree is what is read of the file for one column: a leaf, or a group that becomes a JSON document.
type tree struct {
	node *node
	leaf *leaf // the whole column, where it is flat
	kids []*tree
	own  *leaf // of a tree's end
	text []byte
}

// tree prepares the reading of a node for a column.
func (r *parquetReader) tree(n *node, c *column) (*tree, error) {
	t := &tree{node: n}
	if n.form != formGroup && n.rep == 0 {
		p, err := newPrinter(n, c)
		if err != nil {
			return nil, err
		}
		t.leaf = r.leaf(n, p)
		if (n.form == formText || n.form == formBytes) && c.Kind == table.KindString {
			t.leaf.chars = c
		}
		return t, nil
	}
	if !c.document {
		_, err := newPrinter(&node{form: formGroup}, c)
		return nil, err
	}
	return t, r.branch(t)
}

func (r *parquetReader) leaf(n *node, p printer) *leaf {
	l := &leaf{node: n, print: p, width: [8]int{0, 4, 8, 12, 4, 8, 0, n.length}[n.typ]}
	r.leaves = append(r.leaves, l)
	r.wanted[n.leaf] = &placed{}
	return l
}

// branch prepares everything below a node that becomes JSON.
func (r *parquetReader) branch(t *tree) error {
	if t.node.form != formGroup {
		p, err := jsonPrinter(t.node)
		t.own = r.leaf(t.node, p)
		return err
	}
	for _, child := range t.node.children {
		kid := &tree{node: child}
		if err := r.branch(kid); err != nil {
			return err
		}
		t.kids = append(t.kids, kid)
	}
	return nil
}

// first is the first leaf of a tree: its levels are those of the whole.
func (t *tree) first() *leaf {
	for t.own == nil {
		t = t.kids[0]
	}
	return t.own
}

var (
	errNested = errors.New("the levels of a list, map or struct contradict each other")
	errHuge   = errors.New("a document is too large")
)

// document assembles the next value of a tree. What has no value is null.
type document struct {
	text  []byte
	limit int
	why   reason
}

func (d *document) put(s string) { d.text = append(d.text, s...) }

// value appends the value of t, a list where it is repeated by itself.
func (d *document) value(t *tree) error {
	if !t.node.repeated {
		return d.single(t)
	}
	d.put("[")
	if err := d.items(t, t, func() error { return d.single(t) }); err != nil {
		return err
	}
	d.put("]")
	return nil
}

// items calls item for each of a repeated node's entries; all of them have one where there is none.
func (d *document) items(repeated, whole *tree, item func() error) error {
	first := repeated.first()
	if err := first.peek(); err != nil {
		return err
	}
	if first.nextDef < repeated.node.def {
		return whole.drop()
	}
	for n := 0; ; n++ {
		if n > 0 {
			d.put(",")
		}
		if err := item(); err != nil {
			return err
		}
		if len(d.text) > d.limit {
			return errHuge
		}
		more, err := first.more(repeated.node.rep)
		if err != nil || !more {
			return err
		}
		if first.nextRep > repeated.node.rep {
			return errNested
		}
	}
}

// single appends one value of t.
func (d *document) single(t *tree) error {
	first := t.first()
	if err := first.peek(); err != nil {
		return err
	}
	if first.nextDef < t.node.def {
		d.put("null")
		return t.drop()
	}
	if l := t.own; l != nil {
		l.peeked = false
		text, why, err := l.text(l.scratchText)
		if l.encoding != encodingRLEDict && err == nil {
			l.scratchText = text
		}
		if why != "" && d.why == "" {
			d.why = why
		}
		d.text = append(d.text, text...)
		return err
	}
	switch t.node.kind() {
	case groupList:
		return d.list(t)
	case groupMap:
		return d.pairs(t)
	default:
		return d.members(t)
	}
}

// list appends a list of the format's own form, with a group between the list and its elements; or of older forms.
func (d *document) list(t *tree) error {
	inner := t.kids[0]
	element := inner
	if inner.own == nil && len(inner.kids) == 1 && inner.node.name != "array" &&
		inner.node.name != t.node.name+"_tuple" {
		element = inner.kids[0]
	}
	d.put("[")
	err := d.items(inner, inner, func() error {
		if element == inner {
			return d.single(inner)
		}
		return d.value(element)
	})
	d.put("]")
	return err
}

// pairs appends a map as an object. Its keys become texts.
func (d *document) pairs(t *tree) error {
	inner := t.kids[0]
	d.put("{")
	err := d.items(inner, inner, func() error {
		start := len(d.text)
		if err := d.value(inner.kids[0]); err != nil {
			return err
		}
		if key := d.text[start:]; len(key) == 0 || key[0] != '"' {
			quoted := appendJSONString(nil, key)
			d.text = append(d.text[:start], quoted...)
		}
		d.put(":")
		return d.value(inner.kids[1])
	})
	d.put("}")
	return err
}

// members appends a struct as an object.
func (d *document) members(t *tree) error {
	d.put("{")
	for i, k := range t.kids {
		if i > 0 {
			d.put(",")
		}
		d.text = appendJSONString(d.text, []byte(k.node.name))
		d.put(":")
		if err := d.value(k); err != nil {
			return err
		}
		if len(d.text) > d.limit {
			return errHuge
		}
	}
	d.put("}")
	return nil
}

// addNested appends the document of column i in the next row.
func (r *parquetReader) addNested(i int, t *tree, row int64) error {
	first := t.first()
	if err := first.peek(); err != nil {
		return r.damaged(first, err)
	}
	if first.nextRep != 0 {
		return r.damaged(first, errNested)
	}
	if first.nextDef < t.node.def && !t.node.repeated {
		if err := t.drop(); err != nil {
			return r.damaged(first, err)
		}
		r.batch.null(i, row)
		return nil
	}
	d := document{text: t.text[:0], limit: r.maxRow}
	if err := d.value(t); err != nil {
		return r.damaged(first, err)
	}
	if t.text = d.text; cap(t.text) > keptPage {
		t.text = nil
	}
	if d.why != "" {
		r.batch.refuse(i, row, d.why)
		return nil
	}
	text, why := r.columns[i].nested(r.batch.rows.Tail(), d.text)
	r.batch.tail(i, row, text, why)
	return nil
}
