package layout

import (
	"path"
	"strings"
	"time"
)

// complete is a rule of completeness, parsed.
type complete struct {
	kind string // DLT, MySQLShell, byMarker, bySettling, or empty
	// marker is the glob of a marker's key.
	marker  string
	settled time.Duration
}

const (
	byMarker   = "marker"
	bySettling = "settled"
)

// parseComplete reads dlt, mysqlshell, marker:<glob> or settled:<duration of at least 0>.
func parseComplete(text string) (complete, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "", DLT, MySQLShell:
		if rest == "" {
			return complete{kind: kind}, nil
		}
	case byMarker:
		if rest != "" && path.Clean("/"+rest) == "/"+rest {
			return complete{kind: kind, marker: rest}, nil
		}
		return complete{}, refuse("complete: %q names no marker: write marker:_SUCCESS or marker:*.done", text)
	case bySettling:
		d, err := time.ParseDuration(rest)
		if err == nil && d >= 0 {
			return complete{kind: kind, settled: d}, nil
		}
		return complete{}, refuse("complete: %q has no duration: write settled:10m", text)
	}
	return complete{}, refuse("complete: %q is none of dlt, mysqlshell, marker:<glob>, settled:<duration>", text)
}
