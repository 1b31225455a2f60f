package format

import (
	"errors"
	"io"
)

// peek fills in the levels of the leaf's next entry, if they are not known yet.
func (l *leaf) peek() error {
	if l.peeked {
		return nil
	}
	if l.inPage == 0 {
		if _, err := l.nextPage(0); err != nil {
			return err
		}
	}
	l.inPage--
	l.nextRep, l.nextDef = 0, l.def
	if l.rep > 0 {
		v, ok := l.reps.next()
		if !ok || int(v) > l.rep {
			return errLevels
		}
		l.nextRep = int(v)
	}
	def, err := l.level()
	if err != nil {
		return err
	}
	l.nextDef, l.peeked = def, true
	return nil
}

// more reports whether another entry of a list follows, whose repetition level is rep or deeper.
func (l *leaf) more(rep int) (bool, error) {
	if !l.peeked && l.inPage == 0 && l.left <= 0 {
		return false, nil
	}
	if err := l.peek(); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && l.left <= 0 {
			return false, nil
		}
		return false, err
	}
	return l.nextRep >= rep && rep > 0, nil
}

// drop takes one entry of every leaf of a tree: what is NULL or empty has one in each.
func (t *tree) drop() error {
	if t.own == nil {
		for _, k := range t.kids {
			if err := k.drop(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := t.own.peek(); err != nil {
		return err
	}
	if t.own.nextDef >= t.own.def {
		return errNested
	}
	t.own.peeked = false
	return nil
}

// skip passes over so many rows at the start of a row group.
func (t *tree) skip(r *parquetReader, rows int64) error {
	l := t.leaf
	if l == nil {
		return t.skipNested(r, rows)
	}
	for rows > 0 {
		if l.inPage == 0 {
			skipped, err := l.nextPage(rows)
			if err != nil {
				return r.damaged(l, err)
			}
			rows -= skipped
			continue
		}
		l.inPage--
		rows--
		level, err := l.level()
		if err == nil && level == l.def {
			err = l.pass()
		}
		if err != nil {
			return r.damaged(l, err)
		}
	}
	return nil
}

func (t *tree) skipNested(r *parquetReader, rows int64) error {
	for range rows {
		d := document{text: t.text[:0], limit: r.maxRow}
		if err := d.value(t); err != nil {
			return r.damaged(t.first(), err)
		}
		t.text = d.text
	}
	return nil
}

// pass takes a value that is not wanted.
func (l *leaf) pass() error {
	if l.encoding == encodingRLEDict {
		if _, ok := l.indexes.next(); !ok {
			return errShort
		}
		return nil
	}
	_, _, err := l.value()
	return err
}
