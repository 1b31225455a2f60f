package scan

import (
	"context"
	"slices"
)

// splitAtOnce is how many pieces are split at once where the server is far away.
const splitAtOnce = 4

// nextOnes are the places of the pieces to be split next, in their order: one, or some where the server is far away.
func (c *cutter) nextOnes() (places []int) {
	most := 1
	if c.db.IsFar() {
		most = min(splitAtOnce, max(1, c.queriesLeft/splitCost))
	}
	for len(places) < most {
		i := c.next(places)
		if i < 0 {
			break
		}
		places = append(places, i)
	}
	slices.Sort(places)
	return places
}

// splitAll splits the pieces at some places, in ascending order.
func (c *cutter) splitAll(ctx context.Context, places []int) error {
	parts, questions := make([][]piece, len(places)), make([]func() error, len(places))
	for n, i := range places {
		questions[n] = func() (err error) {
			parts[n], err = c.split(ctx, c.pieces[i])
			return err
		}
	}
	if err := c.db.Together(questions...); err != nil {
		return err
	}
	for n, i := range slices.Backward(places) {
		c.pieces = slices.Replace(c.pieces, i, i+1, parts[n]...)
	}
	return nil
}

// split divides a piece, or goes on to the key's next column where it holds one value only.
func (c *cutter) split(ctx context.Context, p piece) ([]piece, error) {
	stay := p
	stay.indivisible = true
	m := c.midpointers[len(p.prefix)]
	if p.first.text == p.last.text {
		return c.nextColumn(ctx, p)
	}
	if m == nil || p.unevenSplits > maxUnevenSplits {
		return []piece{stay}, nil
	}
	left, right, err := c.splitAt(ctx, p, m)
	if err != nil {
		return nil, err
	}
	if right == nil {
		return c.nextColumn(ctx, p)
	}
	both := []piece{*left, *right}
	if err := c.estimate(ctx, both); err != nil {
		return nil, err
	}
	light, heavy := &both[0], &both[1]
	if light.rows > heavy.rows {
		light, heavy = heavy, light
	}
	if !light.capped && light.rows < heavy.rows/16 {
		c.mu.Lock()
		m.nextStrategy()
		c.mu.Unlock()
		heavy.unevenSplits = p.unevenSplits + 1
	}
	return both, nil
}

// splitAt finds the ends of two pieces that are p together; none where p holds one value.
func (c *cutter) splitAt(ctx context.Context, p piece, m *midpointer) (left, right *piece, err error) {
	depth := len(p.prefix)
	part := c.plan.parts[depth]
	mid := &p.first
	c.mu.Lock()
	guess, ok, err := m.literalBetween(part, p.first.utf8, p.last.utf8)
	c.mu.Unlock()
	if err != nil {
		return nil, nil, err
	} else if ok {
		found, err := c.lastAtOrBefore(ctx, p, guess)
		if err != nil {
			return nil, nil, err
		}
		if found != nil {
			mid = found
		}
	}
	next, err := c.firstAfter(ctx, p, *mid)
	if err != nil || next == nil {
		return nil, nil, err
	}
	left, right = &piece{}, &piece{}
	*left, *right = p, p
	left.splits, right.splits = p.splits+1, p.splits+1
	left.unevenSplits, right.unevenSplits = 0, 0
	left.last, right.first = *mid, *next
	left.end = append(slices.Clone(p.prefix), mid.text)
	return left, right, nil
}

// nextColumn turns a piece of one value into the piece of all values of the key's next column below it.
func (c *cutter) nextColumn(ctx context.Context, p piece) ([]piece, error) {
	p.indivisible, p.unevenSplits = true, 0
	depth := len(p.prefix) + 1
	if c.firstColumnOnly || depth == len(c.plan.parts) || c.midpointers[depth] == nil {
		return []piece{p}, nil
	}
	below := p
	below.prefix = append(slices.Clone(p.prefix), p.first.text)
	found, err := c.ends(ctx, &below, nil)
	if err != nil {
		return nil, err
	}
	if !found {
		return []piece{p}, nil
	}
	below.indivisible = false
	return []piece{below}, nil
}
