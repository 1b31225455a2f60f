package activities

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
)

// heldText says for people what holds a window's end back.
func heldText(h source.Blocker) string {
	what := map[source.BlockerKind]string{
		source.BlockerTransaction: "an open transaction", source.BlockerStatement: "a running statement",
		source.BlockerXA: "a prepared XA transaction", source.BlockerLag: "a lag that was set",
		source.BlockerClock: "the source's clock, which went back since the last run or is behind the workers'",
	}[h.Kind]
	age := time.Duration(h.Seconds * float64(time.Second)).Round(time.Second)
	if h.Kind == source.BlockerClock {
		return fmt.Sprintf("%s, by %s", what, age)
	}
	if h.Kind == source.BlockerLag && h.Seconds > 0 {
		return fmt.Sprintf("%s, of %s", what, age)
	}
	text := fmt.Sprintf("%s, %s old", what, age)
	if h.Kind == source.BlockerReplica {
		text = fmt.Sprintf("the replica's own lag, of %s", age)
	}
	if h.Thread != 0 {
		text += fmt.Sprintf(", of connection %d", h.Thread)
	}
	if h.User != "" {
		text += fmt.Sprintf(" of %s@%s", h.User, h.Host)
	}
	if h.State != "" {
		text += " (" + h.State + ")"
	}
	if h.Table != "" {
		text += ", on " + h.Table
	}
	if h.Release != "" {
		text += ": " + h.Release
	}
	return text
}
