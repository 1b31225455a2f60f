package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
)

// CursorCandidate is a column that could say what changed since the last run.
type CursorCandidate struct {
	Column string `json:"column"`
	Type   string `json:"type"`
	// Index is the one that reads would go along; empty where every run would look at every row.
	Index string `json:"index,omitempty"`
	// OnUpdate says that the server itself changes it whenever a row changes.
	OnUpdate bool `json:"onUpdate"`
	// Integer cursors find new rows only, unless the application raises them.
	Integer bool `json:"integer,omitempty"`
	// Unit is what an integer counts that is no AUTO_INCREMENT, by its largest values: moments since 1970.
	Unit  CursorUnit `json:"unit,omitempty"`
	Nulls Nulls      `json:"nulls"`
}

// Nulls is whether a column has any.
type Nulls string

// What is known of a column's NULLs.
const (
	NullsNever   Nulls = "never"   // it is NOT NULL
	NullsNone    Nulls = "none"    // it may be NULL, and now it nowhere is
	NullsSome    Nulls = "some"    // such rows would never be read
	NullsUnknown Nulls = "unknown" // looking would take too long
)

// scannable is how large a table may be for its NULLs to be looked for without an index.
const scannable = 256 << 20

// CursorCandidates are the columns of a source table that could be its cursor, the best first:
// those that the server keeps current, then those with an index, then those without NULLs. It
// reads a few rows at most, and no table of more than 256 MiB without an index.
func (s *Source) CursorCandidates(ctx context.Context, t *schema.Table) ([]CursorCandidate, error) {
	var out []CursorCandidate
	for _, c := range t.Columns {
		if !c.Kind.IsCursor() || !changesWithRow(t, &c) {
			continue
		}
		one := CursorCandidate{
			Column:   c.Name,
			Type:     c.Type,
			Index:    schema.CursorIndex(t, c.Name),
			OnUpdate: followsUpdates(t, &c),
			Integer:  c.Kind.IsInteger(),
			Nulls:    NullsNever,
		}
		if one.Integer && !c.AutoIncrement {
			var err error
			if one.Unit, err = s.unitOf(ctx, t, &c, one.Index); err != nil {
				return nil, fmt.Errorf("look at the values of %s of %s: %w", c.Name, t.Name, mysqlerr.Safe(err))
			}
			if one.Unit == "" {
				continue // a number of something, most likely
			}
		}
		if c.Nullable {
			var err error
			if one.Nulls, err = s.nullsOf(ctx, t, c.Name, one.Index); err != nil {
				return nil, fmt.Errorf("look for NULLs in %s of %s: %w", c.Name, t.Name, mysqlerr.Safe(err))
			}
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b CursorCandidate) int { return cmp.Compare(b.worth(), a.worth()) })
	return out, nil
}

// worth orders candidates.
func (c CursorCandidate) worth() int {
	n := 0
	if c.OnUpdate {
		n += 8
	}
	switch {
	case !c.Integer:
		n += 4
	case c.Unit != "": // it may follow changes of rows, too
		n += 3
	}
	if c.Index != "" {
		n += 2
	}
	switch c.Nulls {
	case NullsNever, NullsNone:
		n++
	case NullsSome:
		n -= 16 // refused
	case NullsUnknown:
	}
	return n
}

// Sound says that a table can follow it without anybody's promise: the server changes it with
// every change of a row, and no row is without it.
func (c CursorCandidate) Sound() bool {
	return c.OnUpdate && (c.Nulls == NullsNever || c.Nulls == NullsNone)
}

func (s *Source) nullsOf(ctx context.Context, t *schema.Table, column, index string) (Nulls, error) {
	if index == "" && t.Bytes > scannable {
		return NullsUnknown, nil
	}
	found, err := s.findNull(ctx, t, column)
	switch {
	case mysqlerr.IsTimeLimit(err):
		return NullsUnknown, nil
	case err != nil:
		return NullsUnknown, err
	case found:
		return NullsSome, nil
	default:
		return NullsNone, nil
	}
}

// countable is how large a table may be for the largest value of an integer to be looked for without an index.
const countable = 16 << 20

// unitOf is the unit in which an integer counts since 1970, by the middle of its largest values; "" for none.
func (s *Source) unitOf(ctx context.Context, t *schema.Table, c *schema.Column, index string) (CursorUnit, error) {
	if index == "" && t.Bytes > countable {
		return "", nil
	}
	var instance string
	top, err := s.topValues(ctx, UpperBoundSpec{Table: t, Cursor: c.Column}, nil, topRows, &instance)
	if err != nil || len(top) == 0 {
		return "", err
	}
	step := magnitude(top[len(top)/2], time.Now())
	for _, unit := range []CursorUnit{UnitSeconds, UnitMillis, UnitMicros} {
		if unit.Step() == step {
			return unit, nil
		}
	}
	return "", nil
}
