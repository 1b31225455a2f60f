package layout_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/layout"
)

// paged lists by pages, as a bucket does: the first one ends with the key last. Behind the first page of one listing,
// a maker goes on.
type paged struct {
	files.Store
	last    string
	listing int // which one, counted down to 0
	maker   func()
}

func (p *paged) List(ctx context.Context, prefix string, f func(files.Entry) error) error {
	page := func(from, to string) error {
		var found []files.Entry
		err := p.Store.List(ctx, prefix, func(e files.Entry) error {
			if e.Key > from && (to == "" || e.Key <= to) {
				found = append(found, e)
			}
			return nil
		})
		slices.SortFunc(found, func(a, b files.Entry) int { return cmp.Compare(a.Key, b.Key) })
		for _, e := range found {
			if err == nil {
				err = f(e)
			}
		}
		return err
	}
	if err := page("", p.last); err != nil {
		return err
	}
	if p.listing--; p.listing == 0 {
		p.maker()
	}
	return page(p.last, "")
}

// A load that is completed while it is listed is taken with all of its files, or left to the next look.
func TestALoadThatIsCompletedWhileItIsListed(t *testing.T) {
	all := [][]string{{"in/0.csv", "in/1.csv", "in/2.csv"}}
	for name, c := range map[string]struct {
		listing int
		before  bool // an earlier load of the same folder is complete
		loads   [][]string
		waits   []string
	}{
		"in the first listing":        {listing: 1, loads: all},
		"in the second one":           {listing: 2, waits: []string{"in/1.csv has no marker _SUCCESS"}},
		"again, in the first listing": {listing: 1, before: true, loads: all},
		"again, in the second one": {listing: 2, before: true, waits: []string{
			"in/2.csv was modified after its marker in/_SUCCESS: the marker has to be written last",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			l.write(-50, "in/1.csv", "b")
			if c.before {
				l.write(-49, "in/_SUCCESS", "")
			}
			store := &paged{l.store(), "in/1.csv", c.listing, func() {
				l.write(-40, "in/0.csv", "a")
				l.write(-40, "in/2.csv", "c")
				l.write(-39, "in/_SUCCESS", "")
			}}
			found, err := layout.Discover(t.Context(), store, layout.Options{
				Layout: layout.Plain, Complete: "marker:_SUCCESS", Match: []string{"in/*.csv"}, Now: noon,
			})
			require.NoError(t, err)
			require.Equal(t, c.loads, loads(found))
			require.Equal(t, c.waits, waits(found))
		})
	}
}
