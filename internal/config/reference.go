package config

import (
	"fmt"
	"slices"
	"strings"
)

// Reference is the table of every key, in Markdown, as docs/configuration.md holds it. It is
// made from the very fields that Load reads with, so that the two cannot disagree.
func Reference() string {
	var b strings.Builder
	section(&b, "Top level", "", documentFields)
	section(&b, "connections.NAME", "NAME is yours: up to 64 letters, digits, dots, dashes and underscores.",
		connectionFields)
	section(&b, "tables[]", "Beside these, every key of “defaults and tables[]”.", tableNames)
	section(&b, "tables[]: what rows become", "Only in an entry of `tables`.",
		slices.Concat(keyFields, mappings, filesKeys))
	section(&b, "columns", "Under `columns` in an entry of `tables`: see [columns.md](columns.md).", columnFields)
	section(&b, "files", "Under `files` in an entry of `tables`: see [files.md](files.md).", filesFields)
	section(&b, "files.csv", "Under `csv` in `files`.", csvFields)
	section(&b, "defaults and tables[]: masks", "What `columns.mask` needs.", maskKeys)
	section(&b, "defaults and tables[]", "In `defaults` for every table, or in an entry of `tables` for one.",
		slices.Concat(connectionNames, basics))
	section(&b, "defaults and tables[]: bad rows", "What happens to rows that the target refuses.", badRows)
	section(&b, "defaults and tables[]: write", "What a row does to the target: see [write-modes.md](write-modes.md).",
		writeFields)
	section(&b, "staging", "", stagingFields)
	section(&b, "defaults and tables[]: the window", "Up to where a run reads.", windows)
	section(&b, "defaults and tables[]: pauses", "When a run waits.", pauses)
	section(&b, "schema", "Under `schema` in `defaults`, or in an entry of `tables`: see "+
		"[schema-changes.md](schema-changes.md).", contractFields)
	section(&b, "deletes", "Under `deletes` in `defaults`, or in an entry of `tables`: see [deletes.md](deletes.md).",
		deletesFields)
	section(&b, "verify", "Under `verify` in `defaults`, or in an entry of `tables`: see [verify.md](verify.md).",
		comparisons)
	section(&b, "undo", "Under `undo` in `defaults`, or in an entry of `tables`, or `undo: off`: see "+
		"[repair.md](repair.md).", undos)
	section(&b, "worker", "", workerFields)
	section(&b, "metrics", "", metricsFields)
	section(&b, "log", "", logFields)
	section(&b, "notifications", "", notificationsFields)
	section(&b, "tuning", "Under `tuning` in `defaults`, or in an entry of `tables`. The defaults suit most tables.",
		tuning)
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
