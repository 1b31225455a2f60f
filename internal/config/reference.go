package config

import (
	"fmt"
	"strings"
)

// Reference is the table of every key, in Markdown, as docs/configuration.md holds it. It is
// made from the very fields that Load reads with, so that the two cannot disagree.
func Reference() string {
	var b strings.Builder
	section(&b, "Top level", "", documentFields)
	section(&b, "connections.NAME", "NAME is yours: up to 64 letters, digits, dots, dashes and underscores.", connectionFields)
	section(&b, "staging", "", stagingFields)
	section(&b, "worker", "", workerFields)
	section(&b, "metrics", "", metricsFields)
	section(&b, "log", "", logFields)
	section(&b, "notifications", "", notificationsFields)
	section(&b, "defaults", "Beside these two, every key of “Settings” below.", defaultsFields[:len(defaultsFields)-len(settings)])
	section(&b, "tables[]", "Beside these five, every key of “Settings” below.", tableFields[:len(tableFields)-len(settings)])
	section(&b, "Settings", "In `defaults` for every table, or in an entry of `tables` for one.", settings)
	return b.String()
}

func section[T any](b *strings.Builder, title, note string, fields []field[T]) {
	fmt.Fprintf(b, "### %s\n\n", title)
	if note != "" {
		fmt.Fprintf(b, "%s\n\n", note)
	}
	b.WriteString("| Key | Default | Allowed | Meaning |\n|---|---|---|---|\n")
	for _, f := range fields {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.key, f.def, f.bounds, f.doc)
	}
	b.WriteString("\n")
}
