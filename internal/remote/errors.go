package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// BusyError says that another run holds a table.
type BusyError struct {
	Table  string
	Holder Execution
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is already being synced by %s", e.Table, e.Holder)
}

// UnreachableError says that Temporal, or a worker behind it, did not answer.
type UnreachableError struct {
	Address string
	Cause   error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("Temporal at %s cannot be reached: %s", e.Address, e.Cause.Error())
}

func (e *UnreachableError) Unwrap() error { return e.Cause }

// IsUnreachable reports whether err is an *UnreachableError.
func IsUnreachable(err error) bool {
	var u *UnreachableError
	return errors.As(err, &u)
}

// SettingsError says that Temporal's own settings cannot be used.
type SettingsError struct{ Cause error }

func (e *SettingsError) Error() string { return "the Temporal settings: " + e.Cause.Error() }
func (e *SettingsError) Unwrap() error { return e.Cause }

// FailedError is the failure of a workflow, an update or a step.
type FailedError struct {
	// Type is a type of package failure, such as UnsupportedTable; or Cancelled, Terminated, TimedOut.
	Type string `json:"type"`
	// Message says what is wrong, and mostly what to do.
	Message string `json:"message"`
	// Step is the activity that failed; empty where the workflow itself did.
	Step string `json:"step,omitempty"`
	// Doing is the operation, Connection the server that was asked, Remedy what to do. Each is empty where the failure
	// does not say it.
	Doing      string `json:"doing,omitempty"`
	Connection string `json:"connection,omitempty"`
	Remedy     string `json:"remedy,omitempty"`
	// What is Message without the three; empty where the failure has only a message.
	What string `json:"-"`
}

func (e *FailedError) Error() string { return e.Type + ": " + e.Message }

// translate turns an error of the Temporal client into one of the types that Client promises. tbl may be empty.
func (c *Client) translate(tbl string, err error) error {
	var (
		unavailable *serviceerror.Unavailable
		deadline    *serviceerror.DeadlineExceeded
		namespace   *serviceerror.NamespaceNotFound
		denied      *serviceerror.PermissionDenied
		notReady    *serviceerror.FailedPrecondition
	)
	if err == nil {
		return nil
	}
	failed, other := failedOf(err), versionError(err.Error())
	switch {
	case other != nil:
		return other
	case failed != nil:
		return failed
	case errors.As(err, &namespace):
		return &SettingsError{fmt.Errorf("namespace %s does not exist at %s", c.namespace, c.address)}
	case errors.As(err, &denied):
		return &SettingsError{fmt.Errorf("%s denies access to namespace %s: %w", c.address, c.namespace,
			plainError(err))}
	case errors.As(err, &notReady) && strings.Contains(notReady.Message, "no poller"):
		return &UnreachableError{c.address, errors.New("no worker answers")} // Temporal itself does
	case errors.As(err, &unavailable), errors.As(err, &deadline), errors.Is(err, context.DeadlineExceeded):
		return &UnreachableError{c.address, plainError(err)}
	case tbl == "":
		return fmt.Errorf("ask Temporal: %w", err)
	default:
		return fmt.Errorf("%s: ask Temporal: %w", tbl, err)
	}
}

// failedOf returns the failure of a workflow, an update or a step inside err; nil where there is none.
func failedOf(err error) *FailedError {
	var (
		app        *temporal.ApplicationError
		cancelled  *temporal.CanceledError
		terminated *temporal.TerminatedError
		timeout    *temporal.TimeoutError
		step       *temporal.ActivityError
	)
	out := &FailedError{}
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
			out.Doing, out.Connection, out.Remedy, out.What = details.Doing, details.Connection, details.Remedy,
				details.What
		}
	case errors.As(err, &terminated):
		out.Type, out.Message = failure.EndTerminated, "a person or a program terminated the run"
	case errors.As(err, &cancelled):
		out.Type, out.Message = failure.EndCancelled, "a person or a program cancelled the run; the watermark did "+
			"not move"
	case errors.As(err, &timeout):
		out.Type, out.Message = failure.EndTimedOut, timeoutText(timeout)
	default:
		return nil
	}
	return out
}

// timeoutText says what a timeout of Temporal means for a step.
func timeoutText(t *temporal.TimeoutError) string {
	switch t.TimeoutType() {
	case enumspb.TIMEOUT_TYPE_HEARTBEAT:
		return "the step's worker stopped reporting: it was killed, or it lost its connection to Temporal"
	case enumspb.TIMEOUT_TYPE_START_TO_CLOSE:
		return "the step took longer than its time limit"
	default:
		return t.Message()
	}
}

// plainError is the error's cause on one line, without the layers of gRPC around it.
func plainError(err error) error {
	text := err.Error()
	if _, after, ok := strings.Cut(text, `desc = `); ok {
		text = strings.Trim(after, `"`)
	}
	text, _, _ = strings.Cut(text, "\n")
	// Both are gRPC's: the first says no more, and the second is of a host name without an address.
	text = strings.TrimPrefix(text, "transport: Error while dialing: ")
	if strings.Contains(text, "no children to pick from") {
		text = "its host name does not resolve"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		text = "no answer in time"
	}
	return errors.New(text)
}
