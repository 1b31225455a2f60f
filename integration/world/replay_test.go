package world_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// playSeed plays the world of a seed, with the steps that the environment names.
func playSeed(t *testing.T, s *stage, seed uint64, deadline time.Time) {
	t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
		steps := chosen(t, len(draw(seed).steps))
		w, faults := played(t, s, seed, steps, deadline)
		t.Logf("seed %d, %s to %s: %d steps, %d runs, %d versions, %.0f s", seed, w.plan.from, w.plan.to, w.done,
			w.runs, w.versions(), time.Since(w.began).Seconds())
		if os.Getenv(storyVariable) != "" {
			t.Log(w.described())
		}
		if len(faults) == 0 {
			return
		}
		t.Errorf("%s\nFAULT: %s\nrepeat it: %s=%d %s=%s", w.described(), strings.Join(faults, "\nFAULT: "),
			seedVariable,
			seed, stepsVariable, numbers(steps))
		if os.Getenv(shrinkVariable) == "" {
			return
		}
		if fewer := shrink(t, s, seed, steps[:min(w.done+1, len(steps))]); len(fewer) < len(steps) {
			t.Logf("fewer steps do, too: %s=%d %s=%s", seedVariable, seed, stepsVariable, numbers(fewer))
		}
	})
}

// played plays some of a seed's steps.
func played(t *testing.T, s *stage, seed uint64, steps []int, deadline time.Time) (*world, []string) {
	p := draw(seed)
	all := p.steps
	p.steps = nil
	for _, n := range steps {
		p.steps = append(p.steps, all[n-1])
	}
	w, err := build(t, s, p, deadline)
	if err != nil {
		t.Fatalf("%s\nbuild the world: %v", p.String(), err)
	}
	return w, w.play()
}

// shrinkTries bounds the worlds that are played to find a shorter story: half a minute each.
const shrinkTries = 8

// shrink looks for fewer steps that fail as well: half of them, a quarter left out, and so on.
func shrink(t *testing.T, s *stage, seed uint64, steps []int) []int {
	fails := func(some []int) (failed bool) {
		t.Run("with steps "+numbers(some), func(t *testing.T) {
			_, faults := played(t, s, seed, some, time.Now().Add(time.Hour))
			failed = len(faults) > 0
		})
		return failed
	}
	tries := 0
	for size := len(steps) / 2; size >= 1; size /= 2 {
		for from := 0; from < len(steps) && tries < shrinkTries; {
			tries++
			without := slices.Concat(steps[:from], steps[min(from+size, len(steps)):])
			if fails(without) {
				steps = without
			} else {
				from += size
			}
		}
	}
	return steps
}

// chosen are the steps that the environment names, all of so many where it names none.
func chosen(t *testing.T, most int) (out []int) {
	text, set := os.LookupEnv(stepsVariable)
	for n := range most {
		if !set {
			out = append(out, n+1)
		}
	}
	for _, number := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' }) {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > most {
			t.Fatalf("%s: no step %s", stepsVariable, number)
		}
		out = append(out, n)
	}
	return out
}

func numbers(steps []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(steps), " ", ","), "[]")
}

func (w *world) versions() (n int64) {
	for _, h := range w.histories {
		n += h.now()
	}
	return n
}
