package world_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
)

// A stage is what worlds are played on, one after the other: database servers that may be killed,
// and a Temporal server.
type stage struct {
	t    *testing.T
	free map[serverKind][]*servers.Server
	// clocks are those of the servers, where steps may set them.
	clocks   map[*servers.Server]*servers.Clock
	temporal *devserver.Server
	client   client.Client
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		t: t, free: map[serverKind][]*servers.Server{}, clocks: map[*servers.Server]*servers.Clock{},
		temporal: temporaltest.Private(t),
	}
	opts := temporalopts.At(s.temporal.Address)
	opts.Logger = silent{}
	var err error
	if s.client, err = client.Dial(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.client.Close)
	return s
}

// A serverKind is a kind of server that worlds share.
type serverKind struct {
	flavor servers.Flavor
	gtid   bool
}

func (k serverKind) arguments() []string {
	args := []string{"--max-connections=400"}
	switch {
	case k.gtid && k.flavor == servers.FlavorMySQL:
		args = append(args, "--log-bin=binlog", "--server-id=1", "--gtid-mode=ON", "--enforce-gtid-consistency=ON")
	case k.gtid:
		args = append(args, "--log-bin=binlog", "--server-id=1")
	}
	return args
}

// take lends a server until the test t ends. It has innodb_lock_wait_timeout and the like as a
// server has them that no test has set up.
func (s *stage) take(t *testing.T, f servers.Flavor, gtid bool) *host {
	t.Helper()
	kind := serverKind{f, gtid}
	var server *servers.Server
	if n := len(s.free[kind]); n > 0 {
		server, s.free[kind] = s.free[kind][n-1], s.free[kind][:n-1]
	} else if setsClocks() {
		var clock *servers.Clock
		server, clock = servers.WithClock(s.t, f, kind.arguments()...)
		s.clocks[server] = clock
	} else {
		server = servers.Private(s.t, f, kind.arguments()...)
	}
	t.Cleanup(func() { s.free[kind] = append(s.free[kind], server) })
	return &host{Server: server, clock: s.clocks[server], admin: open(t, server.DSN(""), "+00:00", true)}
}

// A host is a server and a connection to it that no proxy disturbs, in UTC.
type host struct {
	*servers.Server
	clock *servers.Clock // nil where no step sets it
	admin *sql.DB
}

func (h *host) exec(ctx context.Context, statements ...string) error {
	for _, q := range statements {
		if _, err := h.admin.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.200s: %w", q, err)
		}
	}
	return nil
}

// open connects by a DSN, in a session time zone unless it is empty.
func open(t *testing.T, dsn, zone string, several bool) *sql.DB {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.MultiStatements = several
	config.Logger = &mysql.NopLogger{} // connections are cut on purpose
	if zone != "" {
		config.Params = map[string]string{"time_zone": "'" + zone + "'"}
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// workerBinary is the worker as it ships: a world kills it.
var workerBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tablehaul-world-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "../../worker") //nolint:noctx // once
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the worker: %w: %s", err, out)
	}
	return path, nil
})

func removeWorkerBinary() error {
	path, err := workerBinary()
	if err != nil {
		return err
	}
	return os.RemoveAll(filepath.Dir(path))
}

// silent drops the SDK's log lines.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
