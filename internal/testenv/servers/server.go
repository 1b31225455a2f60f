package servers

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/localserver"
)

// A Flavor is one of the two kinds of server that Tablehaul supports.
type Flavor = localserver.Flavor

// The flavors; their texts are the names of subtests.
const (
	FlavorMySQL   = localserver.FlavorMySQL
	FlavorMariaDB = localserver.FlavorMariaDB
)

// Options says what a server of one's own should be like. The zero value is fine.
type Options = localserver.Options

// controlTimeout bounds what a test does to a server of its own.
const controlTimeout = 2 * time.Minute

// A Server is a MySQL or MariaDB server that answers.
type Server struct{ *localserver.Server }

// Start finds or starts a server by the layers that the package's documentation lists, and
// returns when it answers. A DSN in the environment is not used when Args or DataDir ask for
// a server of one's own. Stop it when done; it also ends with this process. ctx bounds the
// start only.
func Start(ctx context.Context, f Flavor, o Options) (*Server, error) {
	if dsn := os.Getenv(dsnVariable(f)); dsn != "" && len(o.Args) == 0 && o.DataDir == "" {
		return fromEnvironment(ctx, f, dsn)
	}
	return startOwn(ctx, f, o)
}

// startOwn is Start without a server from the environment, which cannot be killed.
func startOwn(ctx context.Context, f Flavor, o Options) (*Server, error) {
	if f != FlavorMySQL && f != FlavorMariaDB {
		return nil, fmt.Errorf("unknown flavor %q", f)
	}
	var err error
	if o.Cache, err = CacheDir(); err != nil {
		return nil, err
	}
	o.Image = os.Getenv("TABLEHAUL_TEST_" + strings.ToUpper(string(f)) + "_IMAGE")
	s, err := localserver.Start(ctx, f, o,
		localserver.Container, localserver.Program(localserver.Installed), localserver.Program(fetched))
	if err != nil {
		return nil, fmt.Errorf("no %s server to be had; set %s, or mend one of these: %w", f, dsnVariable(f), err)
	}
	return &Server{s}, nil
}

func dsnVariable(f Flavor) string { return "TABLEHAUL_TEST_" + strings.ToUpper(string(f)) + "_DSN" }

// fromEnvironment connects to a server that was started by others.
func fromEnvironment(ctx context.Context, f Flavor, dsn string) (*Server, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		// the driver's own text may quote the DSN, password and all
		return nil, fmt.Errorf("%s is not a DSN of the form user:password@tcp(host:port)/", dsnVariable(f))
	}
	s, err := localserver.At(ctx, f, config, dsnVariable(f))
	if err != nil {
		return nil, err
	}
	return &Server{s}, nil
}
