package containers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	engine "github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	tclog "github.com/testcontainers/testcontainers-go/log"
	tcnetwork "github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// Containers and refused connections of servers that start are not news.
func init() {
	tclog.SetDefault(stdlog.New(io.Discard, "", 0))
	_ = mysql.SetLogger(&mysql.NopLogger{}) // only nil is refused
}

// startTimeout bounds the start of one container on a machine that starts several; pulling its image
// is not part of it.
const startTimeout = 2 * time.Minute

// A world is a network of containers with a Temporal server in it. It ends with the test.
type world struct {
	t      *testing.T
	engine *testcontainers.DockerClient
	net    *testcontainers.DockerNetwork
	// client is one of the Temporal server.
	client  client.Client
	staging string // name of the volume that the workers share
}

func newWorld(t *testing.T) *world {
	t.Helper()
	net, err := tcnetwork.New(t.Context())
	testcontainers.CleanupNetwork(t, net)
	require.NoError(t, err)
	w := &world{t: t, net: net, staging: "tablehaul-test-" + strings.ToLower(rand.Text())}
	w.engine, err = testcontainers.NewDockerClientWithOpts(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { // after the containers that have it
		_, err := w.engine.VolumeRemove(context.Background(), w.staging, engine.VolumeRemoveOptions{Force: true})
		require.NoError(t, err)
		require.NoError(t, w.engine.Close())
	})
	server := w.run(image("TEMPORAL_IMAGE", defaultTemporal), "temporal",
		testcontainers.WithCmd("server", "start-dev", "--ip=0.0.0.0", "--log-level=error"),
		publish("7233/tcp"),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout,
			wait.ForExec([]string{"temporal", "operator", "cluster", "health"}).WithPollInterval(200*time.Millisecond)))
	port, err := server.MappedPort(t.Context(), "7233/tcp")
	require.NoError(t, err)
	w.client, err = client.Dial(client.Options{
		HostPort: fmt.Sprintf("127.0.0.1:%d", port.Num()),
		Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(w.client.Close)
	return w
}

// run starts a container under a name in the network.
func (w *world) run(image, alias string, opts ...testcontainers.ContainerCustomizer) testcontainers.Container {
	w.t.Helper()
	opts = append(opts, tcnetwork.WithNetwork([]string{alias}, w.net))
	c, err := testcontainers.Run(w.t.Context(), image, opts...)
	testcontainers.CleanupContainer(w.t, c, testcontainers.StopTimeout(0))
	if err != nil && c != nil {
		w.t.Log(logs(w.t, c))
	}
	require.NoError(w.t, err, "%s from %s", alias, image)
	return c
}

// publish makes a port reachable from this machine, and from no other.
func publish(port string) testcontainers.CustomizeRequestOption {
	return func(r *testcontainers.GenericContainerRequest) error {
		if err := testcontainers.WithExposedPorts(port)(r); err != nil {
			return err
		}
		return testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.PortBindings = network.PortMap{network.MustParsePort(port): {{HostIP: netip.MustParseAddr("127.0.0.1")}}}
		})(r)
	}
}

// A database is a server in the world.
type database struct {
	*sql.DB
	image    string
	alias    string
	password string
	version  string
}

// database starts a server and waits until it answers.
func (w *world) database(image, alias string) *database {
	w.t.Helper()
	d := &database{image: image, alias: alias, password: rand.Text()}
	dsn := func(host string, port network.Port) string {
		return fmt.Sprintf("root:%s@tcp(127.0.0.1:%d)/?multiStatements=true", d.password, port.Num())
	}
	c := w.run(image, alias,
		testcontainers.WithEnv(map[string]string{
			"MYSQL_ROOT_PASSWORD": d.password, "MYSQL_ROOT_HOST": "%",
			"MYSQL_DATABASE": "shop",
		}),
		testcontainers.WithCmd("--local-infile=ON"),
		publish("3306/tcp"),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout,
			wait.ForSQL("3306/tcp", "mysql", dsn).WithPollInterval(200*time.Millisecond)))
	port, err := c.MappedPort(w.t.Context(), "3306/tcp")
	require.NoError(w.t, err)
	d.DB, err = sql.Open("mysql", dsn("", port))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = d.Close() })
	require.NoError(w.t, d.QueryRowContext(w.t.Context(), "SELECT VERSION()").Scan(&d.version))
	return d
}

// connection is the entry of tablehaul.yaml, whose password is in the environment. MariaDB makes a
// certificate for itself since 11.4 only.
func (d *database) connection() string {
	tls := "required"
	if strings.Contains(d.version, "MariaDB") {
		tls = "disabled"
	}
	return fmt.Sprintf("  %s: { dsn: \"root:${%s_PASSWORD}@tcp(%[1]s:3306)/\", tls: %[3]s }\n", d.alias,
		strings.ToUpper(d.alias), tls)
}

// exec runs statements, several a string.
func (w *world) exec(d *database, statements ...string) {
	w.t.Helper()
	for _, s := range statements {
		_, err := d.ExecContext(w.t.Context(), s)
		require.NoError(w.t, err, "%s: %.200s", d.version, s)
	}
}

// worker starts a worker's container with a configuration and the databases' passwords. All share
// one staging volume.
func (w *world) worker(config string, databases ...*database) testcontainers.Container {
	w.t.Helper()
	env := map[string]string{"TEMPORAL_ADDRESS": "temporal:7233"}
	for _, d := range databases {
		env[strings.ToUpper(d.alias)+"_PASSWORD"] = d.password
	}
	return w.run(image("WORKER_IMAGE", defaultWorker), "worker",
		testcontainers.WithEnv(env),
		testcontainers.WithFiles(testcontainers.ContainerFile{
			Reader:            strings.NewReader(config),
			ContainerFilePath: "/etc/tablehaul.yaml", FileMode: 0o444,
		}),
		testcontainers.WithMounts(testcontainers.VolumeMount(w.staging, "/var/lib/tablehaul")),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout, wait.ForLog("worker started")))
}

// tablehaul runs the command line inside a worker's container and returns its exit code and output.
func (w *world) tablehaul(worker testcontainers.Container, args ...string) (int, string) {
	w.t.Helper()
	code, out, err := worker.Exec(w.t.Context(), append([]string{"tablehaul"}, args...), exec.Multiplexed())
	require.NoError(w.t, err)
	text, err := io.ReadAll(out)
	require.NoError(w.t, err)
	return code, string(text)
}

func logs(t *testing.T, c testcontainers.Container) string {
	r, err := c.Logs(t.Context())
	if err != nil {
		return err.Error()
	}
	defer r.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
