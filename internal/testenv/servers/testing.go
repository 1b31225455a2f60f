package servers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"math/bits"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// startTimeout bounds finding and starting a server in a test, download included.
const startTimeout = 20 * time.Minute

// A once is the one server of a flavor that the tests of a process share.
type once struct {
	sync.Once
	server *Server
	err    error
}

var shared = map[Flavor]*once{FlavorMySQL: {}, FlavorMariaDB: {}}

// Main runs a package's tests, stops the shared servers, runs cleanups and exits. Call it
// from TestMain.
func Main(m *testing.M, cleanups ...func() error) {
	code := m.Run()
	var errs []error
	for _, o := range shared {
		if o.server != nil {
			errs = append(errs, o.server.Stop())
		}
	}
	for _, cleanup := range cleanups {
		errs = append(errs, cleanup())
	}
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "servers: stop:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// MySQL returns the MySQL server that the tests of this process share.
func MySQL(tb testing.TB) *Server { tb.Helper(); return get(tb, FlavorMySQL) }

// MariaDB returns the MariaDB server that the tests of this process share.
func MariaDB(tb testing.TB) *Server { tb.Helper(); return get(tb, FlavorMariaDB) }

func get(tb testing.TB, f Flavor) *Server {
	tb.Helper()
	o := shared[f]
	o.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if o.server, o.err = Start(ctx, f, Options{Base: ScratchDir()}); o.err == nil {
			fmt.Fprintln(os.Stderr, "servers:", o.server)
		}
	})
	if o.err != nil {
		tb.Fatal(o.err)
	}
	return o.server
}

// Each runs f once for each flavor, as the subtests "mysql" and "mariadb", side by side: they have nothing in common
// but the processor, and most tests wait. f runs after the calling test's own function has returned.
func Each(t *testing.T, f func(t *testing.T, s *Server)) {
	t.Helper()
	each(t, []Flavor{FlavorMySQL, FlavorMariaDB}, f)
}

func each(t *testing.T, flavors []Flavor, f func(t *testing.T, s *Server)) {
	t.Helper()
	for _, flavor := range flavors {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			f(t, get(t, flavor))
		})
	}
}

// Thorough says whether tests do more than a suite of ten minutes has time for: Some on every flavor, and the larger
// numbers of what is repeated. `make test-faults` sets TABLEHAUL_TEST_THOROUGH=1 for it.
func Thorough() bool { return os.Getenv("TABLEHAUL_TEST_THOROUGH") == "1" }

// Some runs f as Each does, on one of the flavors, for tests whose subject is no server: what happens between Temporal,
// workers and staging. The test's name chooses, so that a suite of them has both. It is Each where tests are thorough.
func Some(t *testing.T, f func(t *testing.T, s *Server)) {
	t.Helper()
	each(t, SomeFlavors(t), f)
}

// SomeFlavors are those that Some chooses.
func SomeFlavors(t *testing.T) []Flavor {
	all := []Flavor{FlavorMySQL, FlavorMariaDB}
	if Thorough() {
		return all
	}
	name := fnv.New32a()
	_, _ = name.Write([]byte(t.Name()))
	i := bits.OnesCount32(name.Sum32()) % 2
	return all[i : i+1]
}

// Private starts a server of the test's own, with further arguments of mysqld. Only such a
// server can be killed, paused and restarted. It ends with the test.
func Private(tb testing.TB, f Flavor, args ...string) *Server {
	tb.Helper()
	return private(tb, f, Options{Args: args})
}

// private is Private with options of any kind.
func private(tb testing.TB, f Flavor, o Options) *Server {
	tb.Helper()
	o.Base = ScratchDir()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s, err := startOwn(ctx, f, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Errorf("stop server: %v", err)
		}
	})
	return s
}

// Schema makes an empty database and returns its name; it is dropped when the test ends.
func (s *Server) Schema(tb testing.TB) string {
	tb.Helper()
	name := "th_" + strings.ToLower(rand.Text()[:12])
	db := s.DB(tb, "")
	if _, err := db.ExecContext(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		// a test that locked its tables for good must not hang here, and a killed server
		// cannot answer: the data goes with the server anyway
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		cleaner, err := sql.Open("mysql", s.DSN(""))
		if err != nil {
			return
		}
		defer func() { _ = cleaner.Close() }()
		_, _ = cleaner.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name)
	})
	return name
}

// DB opens a pool of root connections to schema, which may be empty; it is closed when the
// test ends.
func (s *Server) DB(tb testing.TB, schema string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("mysql", s.DSN(schema))
	if err != nil {
		tb.Fatalf("open database: %v", err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Kill ends a private server with SIGKILL, as a crash would.
func (s *Server) Kill(tb testing.TB) { tb.Helper(); s.control(tb, "kill", s.Server.Kill) }

// Pause stops a private server with SIGSTOP: connections stay open and nothing answers.
func (s *Server) Pause(tb testing.TB) { tb.Helper(); s.control(tb, "pause", s.Server.Pause) }

// Resume lets a paused server go on.
func (s *Server) Resume(tb testing.TB) { tb.Helper(); s.control(tb, "resume", s.Server.Resume) }

// Restart starts a killed server again on the same data and port, and waits until it
// answers. A server that still runs is killed first.
func (s *Server) Restart(tb testing.TB) { tb.Helper(); s.control(tb, "restart", s.Server.Restart) }

func (s *Server) control(tb testing.TB, verb string, do func(context.Context) error) {
	tb.Helper()
	if !s.Owned() || s == shared[s.Flavor].server {
		tb.Fatalf("%s: only a private server can be controlled", verb)
	}
	ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
	defer cancel()
	if err := do(ctx); err != nil {
		tb.Fatalf("%s server: %v", verb, err)
	}
}
