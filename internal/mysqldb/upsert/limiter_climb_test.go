package upsert

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const maxLimit = 4

type climb = hillClimb

func measured(rate float64) func(*climb) { return func(c *climb) { c.adjust(rate, maxLimit) } }
func begins(c *climb)                    { c.onOtherTraffic(true) }
func slowTransaction(c *climb)           { c.onSlowTransaction() }
func slowLatencyEvent(c *climb)          { c.onLatency(true) }

// climbCases are the bounds of the rules for chunks at once, with a maximum of 4.
var climbCases = map[string]struct {
	before climb
	event  func(*climb)
	after  climb
}{
	"first chunk":            {climb{}, func(c *climb) { c.start(maxLimit) }, climb{limit: 2}},
	"first chunk, maximum 1": {climb{}, func(c *climb) { c.start(1) }, climb{limit: 1}},
	"maximum lowered": {
		climb{limit: 4, phase: steady}, func(c *climb) { c.start(3) }, climb{limit: 3, phase: steady},
	},

	"warm-up, other traffic": {climb{limit: 2}, begins, climb{limit: 1, otherTraffic: true}},
	"warm-up, measured":      {climb{limit: 2}, measured(500), climb{limit: 2, phase: steady}},

	"other traffic later": {
		climb{limit: 3, phase: steady}, begins, climb{limit: 3, phase: steady, otherTraffic: true},
	},
	"pause": {
		climb{limit: 2, phase: steady, pause: 3}, measured(500), climb{limit: 2, phase: steady, pause: 2},
	},
	"try less": {
		climb{limit: 3, phase: steady, otherTraffic: true},
		measured(1000),
		climb{limit: 2, phase: tryLess, otherTraffic: true, baseline: 1000},
	},
	"try more": {climb{limit: 2, phase: steady}, measured(1000), climb{limit: 3, phase: tryMore, baseline: 1000}},
	"try more beside other traffic": {
		climb{limit: 1, phase: steady, otherTraffic: true},
		measured(1000),
		climb{limit: 2, phase: tryMore, otherTraffic: true, baseline: 1000},
	},
	"at the maximum": {climb{limit: 4, phase: steady}, measured(1000), climb{limit: 4, phase: steady}},
	"slow, no trial": {
		climb{limit: 1, phase: steady, otherTraffic: true, slowLatency: true},
		measured(1000),
		climb{limit: 1, phase: steady, otherTraffic: true, slowLatency: true},
	},

	"more is faster": {
		climb{limit: 3, phase: tryMore, baseline: 1000, failed: 2},
		measured(1151),
		climb{limit: 3, phase: steady, baseline: 1000},
	},
	"more is not faster": {
		climb{limit: 3, phase: tryMore, baseline: 1000},
		measured(1149),
		climb{limit: 2, phase: steady, baseline: 1000, pause: 8, failed: 1},
	},
	"more is not faster again": {
		climb{limit: 3, phase: tryMore, baseline: 1000, failed: 2},
		measured(900),
		climb{limit: 2, phase: steady, baseline: 1000, pause: 32, failed: 3},
	},
	"more is never faster": {
		climb{limit: 3, phase: tryMore, baseline: 1000, failed: 3},
		measured(900),
		climb{limit: 2, phase: steady, baseline: 1000, pause: 64, failed: 3},
	},
	"less is slower": {
		climb{limit: 2, phase: tryLess, baseline: 1000},
		measured(800),
		climb{limit: 3, phase: steady, baseline: 1000, pause: 8},
	},
	"less is as fast": {
		climb{limit: 2, phase: tryLess, baseline: 1000},
		measured(900),
		climb{limit: 2, phase: steady, baseline: 1000, pause: 8},
	},

	"slow transaction": {
		climb{limit: 4, phase: tryMore}, slowTransaction, climb{limit: 3, phase: steady, pause: 8},
	},
	"slow transaction, last": {
		climb{limit: 1, phase: steady}, slowTransaction, climb{limit: 1, phase: steady, pause: 8},
	},
	"slow latency": {
		climb{limit: 3, phase: tryLess, otherTraffic: true},
		slowLatencyEvent,
		climb{limit: 2, phase: steady, otherTraffic: true, slowLatency: true, pause: 8},
	},
	"slow latency, last": {
		climb{limit: 1, phase: steady, otherTraffic: true},
		slowLatencyEvent,
		climb{limit: 1, phase: steady, otherTraffic: true, slowLatency: true},
	},
	"slow latency, alone": {climb{limit: 3, phase: steady}, slowLatencyEvent, climb{limit: 3, phase: steady}},
}

func TestHillClimb(t *testing.T) {
	for name, c := range climbCases {
		got := c.before
		c.event(&got)
		require.Equal(t, c.after, got, name)
	}
}
