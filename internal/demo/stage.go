//go:build unix

package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/mysqldb/localserver"
	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// Names on both servers.
const (
	Table        = "shop.orders"
	SourceSchema = "shop"
	TargetSchema = "dw"
	// folderPrefix is what the names of the demo's folders begin with.
	folderPrefix = "tablehaul-demo"
)

// A Stage is what is up. End it with Close.
type Stage struct {
	// Dir has everything but the data of the servers.
	Dir            string
	Source, Target *localserver.Server
	Temporal       *devserver.Server

	sourceDB, targetDB *sql.DB
	login              [2]string // DSNs of the worker: source and target
	closers            []func() error
}

// errNoServer is returned where no server can be started, with the reasons.
var errNoServer = errors.New("the demo needs a database server to start: mysqld or mariadbd, or a Docker engine that " +
	"answers")

// remedy is what to do then.
const remedy = "on Debian and Ubuntu, sudo apt install mariadb-server-core (a program, no service); on a Mac, brew " +
	"install mysql; or start Docker"

// Up starts the two servers, with logins and empty schemas. say gets a line for each step.
func Up(ctx context.Context, say func(string)) (_ *Stage, err error) {
	s := &Stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.Dir, err = process.TempDir(folderPrefix); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	s.onClose(func() error { return os.RemoveAll(s.Dir) })
	// The servers may run as another account, which has to pass.
	if err := os.Chmod(s.Dir, 0o711); err != nil { //nolint:gosec // its files are private one by one
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	if err := s.servers(ctx, say); err != nil {
		return nil, err
	}
	return s, s.logins(ctx)
}

// A candidate is a kind of server, and a way to start one.
type candidate struct {
	flavor localserver.Flavor
	way    localserver.Way
	// note is said before it is tried, where that may take long.
	note string
}

// candidates are in the order in which they are tried: a program of this machine starts at once, where an image may
// have to be pulled first.
var candidates = []candidate{
	{flavor: localserver.FlavorMySQL, way: localserver.Program(localserver.Installed)},
	{flavor: localserver.FlavorMariaDB, way: localserver.Program(localserver.Installed)},
	{
		flavor: localserver.FlavorMySQL, way: localserver.Container,
		note: "neither mysqld nor mariadbd starts here; Docker is tried, which pulls an image of MySQL once",
	},
}

// servers starts the source by the first candidate that works, and the target by the same.
func (s *Stage) servers(ctx context.Context, say func(string)) (err error) {
	reasons := []error{errNoServer}
	for _, c := range candidates {
		if c.note != "" {
			say(c.note)
		}
		if s.Source, s.sourceDB, err = s.server(ctx, c); err == nil {
			say("source: " + s.Source.String())
			if s.Target, s.targetDB, err = s.server(ctx, c); err == nil {
				say("target: " + s.Target.String())
			}
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		reasons = append(reasons, fmt.Errorf("  %w", err))
	}
	return fmt.Errorf("%w\n  remedy: %s", errors.Join(reasons...), remedy)
}

func (s *Stage) server(ctx context.Context, c candidate) (*localserver.Server, *sql.DB, error) {
	server, err := c.way(ctx, c.flavor, localserver.Options{AsShipped: true, Cache: filepath.Join(s.Dir, "first")})
	if err != nil {
		return nil, nil, err
	}
	s.onClose(server.Stop)
	if err := server.SetPassword(ctx, rand.Text()); err != nil {
		return nil, nil, err
	}
	db, err := server.DB()
	if err != nil {
		return nil, nil, err
	}
	s.onClose(db.Close)
	return server, db, nil
}

// logins makes the schemas, and the accounts of the worker, with the documented grants and passwords of their own.
func (s *Stage) logins(ctx context.Context) error {
	reader := localserver.Login{Name: "tablehaul_read", Password: rand.Text(), Schema: SourceSchema}
	writer := localserver.Login{Name: "tablehaul_write", Password: rand.Text(), Schema: TargetSchema}
	s.login = [2]string{
		s.Source.LoginDSN(reader.Name, reader.Password), s.Target.LoginDSN(writer.Name, writer.Password),
	}
	err := execAll(ctx, s.sourceDB, append([]string{"CREATE DATABASE " + SourceSchema},
		reader.SourceStatements(s.Source)...)...)
	if err != nil {
		return fmt.Errorf("prepare the source: %w", err)
	}
	err = execAll(ctx, s.targetDB, append([]string{"CREATE DATABASE " + TargetSchema},
		writer.TargetStatements(s.Target.Flavor)...)...)
	if err != nil {
		return fmt.Errorf("prepare the target: %w", err)
	}
	return nil
}

func execAll(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, q := range statements {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// ConfigFile is where the worker's configuration belongs.
func (s *Stage) ConfigFile() string { return filepath.Join(s.Dir, "tablehaul.yaml") }

// Overlap is how far below the watermark a run reads, and how long verify waits before its second look.
const Overlap = "2s"

// ShortenOverlap sets it for all tables of the configuration, where a minute is the default.
func (s *Stage) ShortenOverlap() error {
	text, err := os.ReadFile(s.ConfigFile())
	if err != nil {
		return fmt.Errorf("set the overlap: %w", err)
	}
	text = bytes.Replace(text, []byte("\ndefaults:\n"), []byte("\ndefaults:\n  overlap: "+Overlap+"\n"), 1)
	if err := os.WriteFile(s.ConfigFile(), text, 0o600); err != nil {
		return fmt.Errorf("set the overlap: %w", err)
	}
	return nil
}

// LogFile is where the log of Temporal and the worker goes.
func (s *Stage) LogFile() string { return filepath.Join(s.Dir, "standalone.log") }

// StartWorker starts Temporal and the worker, by the configuration file that is there. program is the path of
// tablehaul-standalone.
func (s *Stage) StartWorker(ctx context.Context, program string) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the worker's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the child has its own
	s.Temporal, err = devserver.New(ctx, devserver.Options{
		Program: program, Config: s.ConfigFile(), Base: s.Dir, Nice: process.DefaultNice, Output: log, Env: s.Env(),
	})
	if err != nil {
		return fmt.Errorf("start tablehaul-standalone: %w", err)
	}
	s.onClose(s.Temporal.Stop)
	return nil
}

// LastWords are the last lines of the log, for a demo that failed.
func (s *Stage) LastWords() string {
	text, _ := os.ReadFile(s.LogFile()) // a demo that failed early has none
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}

const lastLines = 5

// Env are the variables, NAME=value, by which our programs find the stage.
func (s *Stage) Env() []string {
	env := []string{
		"TABLEHAUL_CONFIG=" + s.ConfigFile(), "SHOP_DSN=" + s.login[0], "WAREHOUSE_DSN=" + s.login[1],
	}
	if s.Temporal != nil {
		env = append(env, "TEMPORAL_ADDRESS="+s.Temporal.Address, temporalopts.WebVariable+"="+s.Temporal.UIURL)
	}
	return env
}

func (s *Stage) onClose(f func() error) { s.closers = append(s.closers, f) }

// Close ends all of it, and removes what it left.
func (s *Stage) Close() error {
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		errs = append(errs, f())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// RemoveOrphans removes what demos have left that were killed, and returns how many folders and containers those were.
func RemoveOrphans(ctx context.Context) int {
	return process.RemoveOrphans(os.TempDir(), folderPrefix) + localserver.RemoveOrphans(ctx)
}
