package config

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// didYouMean returns the candidates that are a slip of the pen away from name, nearest first, at most three.
func didYouMean(name string, candidates []string) []string {
	type scored struct {
		text string
		dist int
	}
	low := strings.ToLower(name)
	limit := max(1, min(3, len([]rune(name))/3))
	var found []scored
	for _, c := range candidates {
		if len(low) > len(c)+utf8.UTFMax*limit { // a whole text may be where a word should be
			continue
		}
		if d := distance(low, strings.ToLower(c)); d <= limit {
			found = append(found, scored{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return a.dist - b.dist })
	var out []string
	for _, f := range found[:min(3, len(found))] {
		out = append(out, f.text)
	}
	return out
}

// Meant is the remedy for an unknown word: a suggestion, or everything that is allowed.
func Meant(name string, candidates []string) string {
	if near := didYouMean(name, candidates); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(candidates) == 0 {
		return ""
	}
	return "known are " + strings.Join(candidates, ", ")
}

// distance is the number of inserted, removed, changed or swapped neighbouring characters
// between a and b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
