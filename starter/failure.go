package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// remedyOf says what to do about a type of failure; empty where the guide does not have the type.
func remedyOf(typ, tbl string) string {
	advice, ok := failure.AdviceOn(typ)
	if !ok {
		return ""
	}
	return plainAdvice(advice.Do, tbl)
}

// links are links in Markdown.
var links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// more are links whose text says nothing without them.
var more = regexp.MustCompile(` \(\[more\]\([^)]*\)\)`)

// plainAdvice is a sentence of the guide without Markdown, for one table.
func plainAdvice(text, tbl string) string {
	text = links.ReplaceAllString(more.ReplaceAllString(text, ""), "$1")
	text = strings.ReplaceAll(text, "`", "")
	return strings.ReplaceAll(text, "TABLE", human.Arg(cmp.Or(tbl, "TABLE")))
}

// printFailure says what went wrong, where, and what to do.
func printFailure(w io.Writer, tbl string, e remote.Execution, err error) {
	var failed *remote.FailedError
	if !errors.As(err, &failed) {
		fmt.Fprintf(w, "%s: %s\n", tbl, err.Error())
		return
	}
	var where []string
	if failed.Connection != "" {
		where = append(where, "connection "+failed.Connection)
	}
	if failed.Step != "" {
		where = append(where, "step "+failed.Step)
	}
	where = append(where, e.String())
	what, remedy := cmp.Or(failed.What, failed.Message), cmp.Or(failed.Remedy, remedyOf(failed.Type, tbl))
	if failed.Type == failure.TableBusy && failed.Step != "" {
		// the remedy of a workflow is about its input, not about flags
		remedy = remedyOf(failed.Type, tbl)
	}
	if failed.Doing != "" {
		what = failed.Doing + ": " + what
	}
	fmt.Fprintf(w, "%s failed: %s\n  what:   %s\n  where:  %s\n", tbl, failed.Type, what, strings.Join(where, ", "))
	if remedy != "" {
		fmt.Fprintf(w, "  remedy: %s\n", remedy)
	}
}
