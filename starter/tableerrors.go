package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ofOneTable reports whether an error is of one table, so that a command of several tables goes on with the others.
// Without Temporal, with wrong settings and after Ctrl-C, none of them can be done.
func (a *app) ofOneTable(ctx context.Context, err error) bool {
	exit, ok := errors.AsType[*exitError](a.fromTemporal(ctx, err))
	return ok && (exit.code == exitFailed || exit.code == exitBusy)
}

// tableErrors are the errors of single tables of a command that does one table after the other.
type tableErrors struct {
	*app
	// code is the exit code of the gravest of them.
	code int
}

// take prints an error of one table, and returns nil: the others are done. It returns an error that ends the command.
func (t *tableErrors) take(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok {
		exit = &exitError{exitFailed, err}
	}
	switch {
	case t.ofOneTable(ctx, err):
	case ok:
		return exit
	default:
		return t.fromTemporal(ctx, err)
	}
	text := err.Error()
	if !strings.HasPrefix(text, name) {
		text = name + ": " + text
	}
	fmt.Fprintln(t.stderr, text)
	if t.code == exitOK || exit.code == exitFailed {
		t.code = exit.code
	}
	return nil
}

// err is the command's, whose text is printed already; nil where every table was done.
func (t *tableErrors) err() error {
	if t.code == exitOK {
		return nil
	}
	return &exitError{code: t.code}
}
