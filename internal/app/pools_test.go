package app

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// heldPools are pools whose openings wait for the test.
type heldPools struct {
	*pools

	t *testing.T
	// asked gets the answer's channel of each opening that begins.
	asked chan chan *mysqldb.DB
}

func newHeldPools(t *testing.T) *heldPools {
	t.Helper()
	cfg := &config.Config{Connections: map[string]config.Connection{"shop": {}}}
	h := &heldPools{newPools(newLive(cfg)), t, make(chan chan *mysqldb.DB)}
	h.connect = func(context.Context, poolKey, config.Connection) (*mysqldb.DB, error) {
		answer := make(chan *mysqldb.DB)
		h.asked <- answer
		return <-answer, nil
	}
	return h
}

// ask asks for the source, and returns the name of the pool that it is made of.
func (h *heldPools) ask() (name chan string) {
	name = make(chan string, 1)
	go func() {
		src, err := h.source(h.t.Context(), "shop")
		if err != nil {
			name <- err.Error()
			return
		}
		name <- src.ConnectionName()
	}()
	return name
}

// A connection that changes while it is opened: the new pool has a source of its own.
func TestASourceIsOfThePoolThatWasOpenedForIt(t *testing.T) {
	h := newHeldPools(t)
	before := h.ask()
	old := <-h.asked
	h.retire("shop")
	after := h.ask()
	current := <-h.asked
	old <- &mysqldb.DB{Name: "old"}
	require.Equal(t, "old", <-before)
	current <- &mysqldb.DB{Name: "new"}
	require.Equal(t, "new", <-after)
	require.Equal(t, "new", <-h.ask())
}

func TestAPoolThatIsRetiredWhileItIsOpenedServesItsStep(t *testing.T) {
	h := newHeldPools(t)
	before := h.ask()
	old := <-h.asked
	h.retire("shop")
	old <- &mysqldb.DB{Name: "old"}
	require.Equal(t, "old", <-before)
}
