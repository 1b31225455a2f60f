package owner

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Bounds of what a state keeps of warnings.
const (
	maxWarnings = 50
	maxWarning  = 1000 // bytes of a text
)

// Warning is a warning of the table's runs.
type Warning struct {
	Text string `json:"text"`
	// Since is when the first run ended that gave it, without a run that is done and did not since.
	Since time.Time `json:"since"`
	// Acked says that a person has seen it. It is said again where it goes away and comes back.
	Acked bool `json:"acked,omitempty"`
}

// AckRequest acknowledges all warnings of a table. It needs no lease; repeating it is harmless.
type AckRequest struct{}

// sense is a warning's text without its numbers, which change while it is about the same.
func sense(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == ',' || r == '.' {
			return -1
		}
		return r
	}, text)
}

// FollowWarnings are the warnings of a run that was done at a time, with what was known of those before.
func FollowWarnings(before []Warning, texts []string, at time.Time) []Warning {
	var out []Warning
	for _, text := range texts {
		if len(out) == maxWarnings {
			break
		}
		text = strings.ToValidUTF8(text[:min(len(text), maxWarning)], "")
		w := Warning{Text: text, Since: at}
		same := func(b Warning) bool { return sense(b.Text) == sense(text) }
		if i := slices.IndexFunc(before, same); i >= 0 {
			w.Since, w.Acked = before[i].Since, before[i].Acked
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, w)
		}
	}
	return out
}

// Acknowledged are the warnings, all of them seen.
func Acknowledged(all []Warning) []Warning {
	out := slices.Clone(all)
	for i := range out {
		out[i].Acked = true
	}
	return out
}

// KnownWarnings are those of the texts that a run before the last one has given, too.
func (s State) KnownWarnings(texts []string) []string {
	var out []string
	for _, text := range texts {
		for _, w := range s.Warnings {
			cut := text[:min(len(text), maxWarning)]
			if sense(w.Text) == sense(strings.ToValidUTF8(cut, "")) && w.Since.Before(s.LastSuccess) {
				out = append(out, text)
				break
			}
		}
	}
	return out
}
