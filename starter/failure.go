package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// explain turns an error of the Temporal client into one of the kinds that service promises.
func (s *temporalService) explain(tbl string, err error) error {
	var (
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		namespace   *serviceerror.NamespaceNotFound
		denied      *serviceerror.PermissionDenied
		notReady    *serviceerror.FailedPrecondition
	)
	failed := failedOf(err)
	switch {
	case failed != nil:
		return failed
	case errors.As(err, &namespace):
		return &settingsError{fmt.Errorf("namespace %s does not exist at %s", s.namespace, s.address)}
	case errors.As(err, &denied):
		return &settingsError{fmt.Errorf("%s denies access to namespace %s: %w", s.address, s.namespace, plainError(err))}
	case errors.As(err, &notReady) && strings.Contains(notReady.Message, "no poller"):
		// Temporal itself is well: silent asks for workers and says that there is none.
		return &unreachableError{s.address, errors.New("no worker answers")}
	case errors.As(err, &unavailable), errors.As(err, &deadline), errors.Is(err, context.DeadlineExceeded):
		return &unreachableError{s.address, plainError(err)}
	case tbl == "":
		return fmt.Errorf("ask Temporal: %w", err)
	default:
		return fmt.Errorf("%s: ask Temporal: %w", tbl, err)
	}
}

// failedOf finds the failure of a workflow, an update or a step inside err; nil where there is none.
func failedOf(err error) *failedError {
	var (
		app        *temporal.ApplicationError
		cancelled  *temporal.CanceledError
		terminated *temporal.TerminatedError
		timeout    *temporal.TimeoutError
		step       *temporal.ActivityError
	)
	out := &failedError{}
	if errors.As(err, &step) {
		out.Step = step.ActivityType().GetName()
	}
	switch {
	case errors.As(err, &app):
		out.Type, out.Message = app.Type(), app.Message()
		if out.Type == "" {
			out.Type = failure.Unexpected
		}
		var details failure.Details
		if app.HasDetails() && app.Details(&details) == nil {
			out.Doing, out.Connection, out.Remedy, out.what = details.Doing, details.Connection, details.Remedy, details.What
		}
	case errors.As(err, &terminated):
		out.Type, out.Message = failure.EndTerminated, "somebody terminated the run"
	case errors.As(err, &cancelled):
		out.Type, out.Message = failure.EndCancelled, "somebody cancelled the run; the watermark has not moved"
	case errors.As(err, &timeout):
		out.Type, out.Message = failure.EndTimedOut, timeoutText(timeout)
	default:
		return nil
	}
	return out
}

// timeoutText says what a timeout of Temporal's mostly means here.
func timeoutText(t *temporal.TimeoutError) string {
	if t.TimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
		return "the worker that was at it went silent: it was killed, or cut off from Temporal"
	}
	if t.TimeoutType() == enumspb.TIMEOUT_TYPE_START_TO_CLOSE {
		return "it took longer than it may"
	}
	return t.Message()
}

// plainError is the error's cause without the layers of gRPC around it, on one line.
func plainError(err error) error {
	text := err.Error()
	if _, after, ok := strings.Cut(text, `desc = `); ok {
		text = strings.Trim(after, `"`)
	}
	text, _, _ = strings.Cut(text, "\n")
	if strings.Contains(text, "no children to pick from") { // what gRPC says of a name that has no address
		text = "its name has no address"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		text = "no answer in time"
	}
	return errors.New(text)
}

// remedyOf says what to do about a failure by its type, beyond what its own message says.
func remedyOf(typ, tbl string) string {
	advice, ok := failure.AdviceOn(typ)
	if !ok {
		return ""
	}
	return plainAdvice(advice.Do, tbl)
}

// links of Markdown become their text.
var links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// plainAdvice is a sentence of the guide without Markdown, about one table.
func plainAdvice(text, tbl string) string {
	text = links.ReplaceAllString(text, "$1")
	text = strings.ReplaceAll(text, "`", "")
	return strings.ReplaceAll(text, "TABLE", cmp.Or(tbl, "TABLE"))
}

// printFailure says what went wrong, where, and what to do.
func printFailure(w io.Writer, tbl string, e execution, err error) {
	var failed *failedError
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
	what, remedy := cmp.Or(failed.what, failed.Message), cmp.Or(failed.Remedy, remedyOf(failed.Type, tbl))
	if failed.Type == failure.TableBusy {
		remedy = remedyOf(failed.Type, tbl) // its own speaks of a workflow's input, not of our flags
	}
	if failed.Doing != "" {
		what = failed.Doing + ": " + what
	}
	fmt.Fprintf(w, "%s failed: %s\n  what:   %s\n  where:  %s\n", tbl, failed.Type, what, strings.Join(where, ", "))
	if remedy != "" {
		fmt.Fprintf(w, "  remedy: %s\n", remedy)
	}
}
