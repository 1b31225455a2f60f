package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
)

const (
	// startWait is how long a command that is typed waits for a Temporal of this machine that refuses connections:
	// tablehaul-standalone, started the moment before, takes some seconds until it answers.
	startWait = 10 * time.Second
	// startPoll is the pause between two attempts of that time.
	startPoll = 200 * time.Millisecond
)

// connect connects to Temporal.
func (a *app) connect(ctx context.Context) (service, error) {
	if a.web && a.webUI().List() == "" {
		return nil, a.printOnlyLink("") // before anything starts
	}
	s, err := a.dial(ctx, a.getenv, a.taskQueue)
	if a.startWait > 0 && maybeStarting(err) {
		s, err = a.dialAgain(ctx, err)
	}
	if err != nil {
		return nil, a.fromTemporal(ctx, err)
	}
	return s, nil
}

// dialAgain dials until Temporal answers, and for startWait at most. Its error is then err.
func (a *app) dialAgain(ctx context.Context, err error) (service, error) {
	fmt.Fprintf(a.stderr, "Temporal does not answer yet; waiting %s for it\n", human.Duration(a.startWait))
	ctx, cancel := context.WithTimeout(ctx, a.startWait)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(startPoll):
		}
		s, again := a.dial(ctx, a.getenv, a.taskQueue)
		if again == nil || !maybeStarting(again) && ctx.Err() == nil {
			return s, again
		}
	}
}

// maybeStarting reports whether err is of a Temporal on this machine whose port refuses connections.
func maybeStarting(err error) bool {
	u, ok := errors.AsType[*remote.UnreachableError](err)
	if !ok || !strings.Contains(u.Cause.Error(), "refused") {
		return false
	}
	host, _, err := net.SplitHostPort(u.Address)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
