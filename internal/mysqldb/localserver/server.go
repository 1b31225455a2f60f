//go:build unix

package localserver

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/process"
)

// readyTimeout bounds the wait for a server's first answer; crash recovery of a large
// benchmark table is what takes longest.
const readyTimeout = 2 * time.Minute

// Options says what a server of one's own should be like. The zero value is fine.
type Options struct {
	// Args are further arguments of mysqld; they win over ours.
	Args []string
	// BufferPoolMB is innodb_buffer_pool_size in MiB; 0 means 128.
	BufferPoolMB int
	// AsShipped leaves local_infile and the binary log as the server has them by default; otherwise the first is on,
	// and the second off.
	AsShipped bool
	// DataDir keeps the data there: made when missing, used again when not, and never
	// removed. Empty means a temporary folder that goes with the server.
	DataDir string

	// Base is the folder below which the server gets one of its own, for its socket, its log and its data; empty is the
	// one for temporary files.
	Base string
	// Cache keeps data folders as a server's first initialisation leaves them.
	Cache string
	// Image is that of a container; empty is that of a long-term release.
	Image string
	// Env are further variables of the server's environment; they rule out a container.
	Env []string
}

// serverArgs are the settings of every server here, in a process and in a container.
func serverArgs(f Flavor, o Options) []string {
	args := []string{
		"--max-connections=200", // above it connecting fails with 1040: a leak shows early
		"--innodb-buffer-pool-size=" + strconv.Itoa(cmp.Or(o.BufferPoolMB, 128)) + "M",
		"--character-set-server=utf8mb4",
	}
	if o.AsShipped {
		return append(args, o.Args...)
	}
	args = append([]string{"--local-infile=ON"}, args...) // files are one of the two ways to write
	binlog := false
	for _, a := range o.Args {
		binlog = binlog || strings.HasPrefix(a, "--log-bin") || strings.HasPrefix(a, "--log_bin")
	}
	if f == FlavorMySQL && !binlog {
		args = append(args, "--skip-log-bin") // on by default in MySQL only
	}
	return append(args, o.Args...)
}

// A runner is what a started server runs in: a local process or a container.
type runner interface {
	start(ctx context.Context) error
	// ended is nil while the server runs.
	ended() error
	kill(ctx context.Context) error
	pause(ctx context.Context) error
	resume(ctx context.Context) error
	// peer is host:port for other servers of here; empty where it is the one for clients.
	peer(ctx context.Context) (string, error)
	// stop ends the server and removes what it left, but for a DataDir.
	stop(ctx context.Context) error
}

var (
	_ runner = (*local)(nil)
	_ runner = (*container)(nil)
)

// A Server is a MySQL or MariaDB server that answers.
type Server struct {
	Flavor  Flavor
	Version string // VERSION() of the server
	Origin  string // where it comes from, for people

	config *mysql.Config
	runner runner // nil for a server of others
}

// A Way starts a server, and returns when it answers. Its error says why it cannot.
type Way func(ctx context.Context, f Flavor, o Options) (*Server, error)

// Start starts a server in the first way that works. Stop it when done; it also ends with this process. ctx bounds the
// start only. An error says of each way why not.
func Start(ctx context.Context, f Flavor, o Options, ways ...Way) (*Server, error) {
	var reasons []error
	for _, way := range ways {
		s, err := way(ctx, f, o)
		if err == nil {
			return s, nil
		}
		reasons = append(reasons, err)
	}
	return nil, errors.Join(reasons...)
}

// Container is the way of a Docker engine that answers.
func Container(ctx context.Context, f Flavor, o Options) (*Server, error) {
	if o.Env != nil {
		return nil, errors.New("a container does not take variables of the environment")
	}
	image, err := dockerImage(ctx, f, o.Image)
	if err != nil {
		return nil, err
	}
	return launch(ctx, f, "Docker image "+image, func(port int) (runner, error) {
		return &container{flavor: f, image: image, port: port, opts: o}, nil
	})
}

// Program is the way of a server program of this machine, such as [Installed].
func Program(find func(context.Context, Flavor) (Binary, error)) Way {
	return func(ctx context.Context, f Flavor, o Options) (*Server, error) {
		b, err := find(ctx, f)
		if err != nil {
			return nil, err
		}
		return launch(ctx, f, b.origin, func(port int) (runner, error) { return newLocal(ctx, b, port, o) })
	}
}

// At is a server that others have started.
func At(ctx context.Context, f Flavor, config *mysql.Config, origin string) (*Server, error) {
	s := &Server{Flavor: f, Origin: origin, config: config.Clone()}
	s.config.DBName = ""
	if err := s.ask(ctx); err != nil {
		return nil, fmt.Errorf("the server of %s: %w", origin, err)
	}
	return s, nil
}

// launches is how often a server is started, each time on another port: one that was free may be taken meanwhile.
const launches = 3

// launch starts a server on a free port and waits until it answers.
func launch(ctx context.Context, f Flavor, origin string, make func(port int) (runner, error)) (s *Server, err error) {
	for range launches {
		if s, err = launchOnce(ctx, f, origin, make); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func launchOnce(ctx context.Context, f Flavor, origin string, make func(port int) (runner, error)) (*Server, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	r, err := make(port)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s := &Server{Flavor: f, Origin: origin, config: config, runner: r}
	if err := s.up(ctx); err != nil {
		return nil, errors.Join(err, r.stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// up starts the runner and waits for the server's first answer.
func (s *Server) up(ctx context.Context) error {
	if err := s.runner.start(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		if ended := s.runner.ended(); ended != nil {
			return ended
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the %s server to answer: %w", s.Flavor, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask reads the server's version, which also proves that it answers and is of the flavor.
func (s *Server) ask(ctx context.Context) error {
	db, err := s.DB()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.Version); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if strings.Contains(s.Version, "MariaDB") != (s.Flavor == FlavorMariaDB) {
		return fmt.Errorf("it is version %s, not %s", s.Version, s.Flavor)
	}
	return nil
}

// DSN is a root login in the form of go-sql-driver; schema may be empty.
func (s *Server) DSN(schema string) string {
	config := s.config.Clone()
	config.DBName = schema
	return config.FormatDSN()
}

// DB opens a pool of root connections, which logs nothing. The caller closes it.
func (s *Server) DB() (*sql.DB, error) {
	config := s.config.Clone()
	config.Logger = &mysql.NopLogger{} // a refused connection is expected while the server starts
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// SetPassword gives the logins of root a password, and uses it from now on.
func (s *Server) SetPassword(ctx context.Context, password string) error {
	db, err := s.DB()
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, host := range []string{"localhost", "%"} { // the last one is what we log in as
		q := fmt.Sprintf("ALTER USER IF EXISTS 'root'@'%s' IDENTIFIED BY '%s'", host, password)
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("give root a password: %w", err)
		}
	}
	s.config.Passwd = password
	return nil
}

// Addr is host:port, for a proxy in between.
func (s *Server) Addr() string { return s.config.Addr }

// Stop ends the server, unless others have started it, and removes what it left, but for a DataDir.
func (s *Server) Stop() error {
	if s.runner == nil {
		return nil
	}
	return s.runner.stop(context.Background())
}

// Owned reports whether the server was started here.
func (s *Server) Owned() bool { return s.runner != nil }

// PeerAddr is host:port for other servers of here.
func (s *Server) PeerAddr(ctx context.Context) (string, error) {
	at, err := s.runner.peer(ctx)
	return cmp.Or(at, s.Addr()), err
}

// String names the server for people, without any login.
func (s *Server) String() string {
	return fmt.Sprintf("%s %s from %s, %s", s.Flavor, s.Version, s.Origin, s.config.Addr)
}
