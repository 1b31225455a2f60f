package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// failureText is the type and message of the application failure inside err.
func failureText(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Type() + ": " + app.Message()
	}
	return err.Error()
}

// failureType is the type of the application failure inside err, or "".
func failureType(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Type()
	}
	return ""
}

// cause is the application failure or cancel inside the failure of an activity or a child:
// people should read "column c is too narrow", not "child workflow execution error".
func cause(err error) error {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app
	}
	if canceled, ok := errors.AsType[*temporal.CanceledError](err); ok {
		return canceled
	}
	return err
}

// failureDetails are those of the application failure inside err; zero where there are none.
func failureDetails(err error) (d failure.Details) {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.HasDetails() || app.Details(&d) != nil {
		return failure.Details{}
	}
	return d
}
