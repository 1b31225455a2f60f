package devserver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

const (
	// readyTimeout bounds a start; under a second is usual, but a busy machine runs several.
	readyTimeout = 2 * time.Minute
	stopGrace    = 10 * time.Second
)

// A Server is a Temporal server that answers.
type Server struct {
	Address string // host:port of the frontend
	UIURL   string // of the Web UI; empty for a server from the environment
	Origin  string // where it comes from, for people

	dir    string    // temporary folder; empty where the caller's DataDir is used
	ports  [2]string // frontend and Web UI, the same after a restart
	child  *process.Child
	output *bytes.Buffer

	options Options
}

// Options says what a server should be like. The zero value is fine.
type Options struct {
	// DataDir keeps the database there, for a server that is to be continued later. Empty
	// means a temporary folder that goes with the server.
	DataDir string
	// Ports of the frontend and the Web UI; 0 picks free ones.
	Port, UIPort int
	// Nice is the server's niceness. Tests have none: their limits of time are meant for one
	// that is served in its turn.
	Nice int

	// Program is the path of tablehaul-standalone; empty is the project's own, which is built where it is out of date.
	Program string
	// Config is the configuration of a worker that runs beside the server; empty runs the server alone.
	Config string
	// Output gets what the program prints; without it, the error of a start that fails has it.
	Output *os.File
	// Env are further variables of the server's environment.
	Env []string
	// Base is the folder in which the server makes one of its own; empty means the one for temporary files.
	Base string
}

// DataDir is the folder of the server's database; empty for the server of TEMPORAL_ADDRESS.
func (s *Server) DataDir() string { return s.options.DataDir }

// Find returns the server of TEMPORAL_ADDRESS, or starts one as New does.
func Find(ctx context.Context, o Options) (*Server, error) {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		return New(ctx, o)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the server of TEMPORAL_ADDRESS does not answer: %w", err)
	}
	return &Server{Address: address, Origin: "TEMPORAL_ADDRESS"}, conn.Close()
}

// New starts a server of the caller's own, without regard to the environment, and returns when it
// answers. Stop it when done. ctx bounds the start only.
func New(ctx context.Context, o Options) (*Server, error) {
	var err error
	if o.Program == "" {
		if o.Program, err = serverOnly.path(ctx); err != nil {
			return nil, err
		}
	}
	s := &Server{Origin: "tablehaul-standalone"}
	if s.dir, err = process.TempDirIn(cmp.Or(o.Base, os.TempDir()), "tablehaul-temporal"); err != nil {
		return nil, fmt.Errorf("make a folder for the Temporal server: %w", err)
	}
	o.DataDir = cmp.Or(o.DataDir, filepath.Join(s.dir, "data"))
	s.options = o
	for i, port := range []int{o.Port, o.UIPort} {
		if port == 0 {
			if port, err = process.FreePort(); err != nil {
				return nil, errors.Join(err, os.RemoveAll(s.dir))
			}
		}
		s.ports[i] = fmt.Sprint(port)
	}
	if err := s.up(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// up starts the subprocess and waits until it has written where it listens.
func (s *Server) up(ctx context.Context) error {
	ready := filepath.Join(s.dir, "ready.json")
	if err := os.RemoveAll(ready); err != nil {
		return fmt.Errorf("clear the ready file: %w", err)
	}
	cmd := exec.Command(s.options.Program, "--port", s.ports[0], "--ui-port", s.ports[1],
		"--data-dir", s.options.DataDir, "--ready-file", ready, "--nice", strconv.Itoa(s.options.Nice))
	if s.options.Config == "" {
		cmd.Args = append(cmd.Args, "--server-only")
	} else {
		cmd.Args = append(cmd.Args, "--config", s.options.Config)
	}
	cmd.Env = append(os.Environ(), s.options.Env...)
	s.output = &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = s.output, s.output
	if s.options.Output != nil {
		cmd.Stdout, cmd.Stderr = s.options.Output, s.options.Output
	}
	child, err := process.Start(cmd)
	if err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	s.child = child
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		if text, err := os.ReadFile(ready); err == nil {
			var where struct{ Address, UIURL string }
			if err := json.Unmarshal(text, &where); err != nil {
				return fmt.Errorf("read where the Temporal server listens: %w", err)
			}
			s.Address, s.UIURL = where.Address, where.UIURL
			return nil
		}
		select {
		case <-child.Done():
			return fmt.Errorf("the Temporal server ended: %s", strings.TrimSpace(s.output.String()))
		case <-ctx.Done():
			return fmt.Errorf("wait for the Temporal server: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server, unless it came from the environment, and removes its folder.
func (s *Server) Stop() error {
	var err error
	if s.child != nil {
		err = s.child.Stop(stopGrace)
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// errNotOurs is returned where a server from the environment was to be killed.
var errNotOurs = errors.New("only a server that was started here can be killed or restarted")

// Kill ends the server with SIGKILL, as a crash would.
func (s *Server) Kill() error {
	if s.child == nil {
		return errNotOurs
	}
	return s.child.Kill()
}

// Restart starts the server again on the same data and ports, after Kill or in place of
// the one that runs, and returns when it answers.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.up(ctx)
}
