//go:build unix

package localserver

import (
	"context"
	"errors"
)

// errNotOurs is returned where a server of others was to be controlled.
var errNotOurs = errors.New("only a server that was started here can be controlled")

// Kill ends the server with SIGKILL, as a crash would.
func (s *Server) Kill(ctx context.Context) error { return s.control(ctx, runner.kill) }

// Pause stops the server with SIGSTOP: connections stay open and nothing answers.
func (s *Server) Pause(ctx context.Context) error { return s.control(ctx, runner.pause) }

// Resume lets a paused server go on.
func (s *Server) Resume(ctx context.Context) error { return s.control(ctx, runner.resume) }

// Restart starts a killed server again on the same data and port, and waits until it answers. A server that still runs
// is killed first.
func (s *Server) Restart(ctx context.Context) error {
	return s.control(ctx, func(r runner, ctx context.Context) error {
		if r.ended() == nil {
			if err := r.kill(ctx); err != nil {
				return err
			}
		}
		return s.up(ctx)
	})
}

func (s *Server) control(ctx context.Context, do func(runner, context.Context) error) error {
	if s.runner == nil {
		return errNotOurs
	}
	return do(s.runner, ctx)
}
