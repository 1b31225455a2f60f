package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bystanders"
)

func TestGoalsOfFaults(t *testing.T) {
	fared := func(p99 time.Duration, locks int) bystanders.Report {
		return bystanders.Report{All: bystanders.Stats{P99: p99}, Refused: map[uint16]int{1205: locks}}
	}
	quiet := fared(time.Millisecond, 0)
	for name, c := range map[string]struct {
		fault  fault
		seen   faulted
		missed []string
	}{
		"it comes back": {fault{}, faulted{rates: [3]float64{100, 1, 70}, fared: fared(3*time.Millisecond, 0)}, nil},
		"it does not":   {fault{}, faulted{rates: [3]float64{100, 1, 69}}, []string{"it does not come back"}},
		"a lost link":   {fault{lost: true}, faulted{rates: [3]float64{100, 0, 100}}, nil},
		"it stops":      {fault{}, faulted{rates: [3]float64{100, 0, 100}}, []string{"nothing came in"}},
		"others wait":   {fault{}, faulted{rates: [3]float64{1, 1, 1}, fared: fared(0, 1)}, []string{"locks"}},
		"as it began":   {fault{holds: true}, faulted{rates: [3]float64{1, 1, 1}, fared: fared(0, 1)}, nil},
		"others are slow": {
			fault{},
			faulted{rates: [3]float64{1, 1, 1}, fared: fared(4*time.Millisecond, 0)},
			[]string{"p99"},
		},
		"others are slow by the fault": {
			fault{}, faulted{
				rates: [3]float64{1, 1, 1}, fared: fared(6*time.Millisecond, 0), alone: fared(2*time.Millisecond, 0),
			}, nil,
		},
	} {
		require.Equal(t, c.missed, c.fault.missed(c.seen, quiet), name)
	}
}
