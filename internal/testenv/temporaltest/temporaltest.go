package temporaltest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/tablehaul/tablehaul/internal/devserver"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The one server that the tests of a process share.
var shared struct {
	sync.Once
	server *devserver.Server
	err    error
}

// options keep the data in memory. The collector of garbage, which took a tenth of the server's time, has a third of
// the work.
func options() devserver.Options {
	return devserver.Options{Base: servers.ScratchDir(), Env: []string{"GOGC=300"}}
}

// Start returns the Temporal server that the tests of this process share, and fails the test
// where there is none to be had. StopShared ends it.
func Start(tb testing.TB) *devserver.Server {
	tb.Helper()
	shared.Do(func() {
		shared.server, shared.err = devserver.Find(context.Background(), options())
		if shared.err == nil {
			fmt.Fprintf(os.Stderr, "temporaltest: Temporal at %s from %s, Web UI %s\n", shared.server.Address,
				shared.server.Origin, shared.server.UIURL)
		}
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// StopShared ends the shared server where a test started one. It fits servers.Main:
//
//	func TestMain(m *testing.M) { servers.Main(m, temporaltest.StopShared) }
func StopShared() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.Stop()
}

// Private starts a server of the test's own, which may be killed and restarted. It ends with the test.
func Private(tb testing.TB) *devserver.Server {
	tb.Helper()
	s, err := devserver.New(tb.Context(), options())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Errorf("stop the Temporal server: %v", err)
		}
	})
	return s
}

// CLI returns the path of the temporal command line, see [devserver.CLIPath].
func CLI(tb testing.TB) string {
	tb.Helper()
	path, err := devserver.CLIPath(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return path
}
