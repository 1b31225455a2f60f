package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tablehaul/tablehaul/internal/process"
)

const (
	namespace   = "default"
	clusterName = "active" // the name that Temporal's own development server uses
	storeName   = "sqlite"
	loopback    = "127.0.0.1"
)

// An embedded is a Temporal server with its Web UI inside this process.
type embedded struct {
	server temporal.Server
	ui     *uiserver.Server
	uiDone chan error
}

// serverConfig is all that startServer needs to know.
type serverConfig struct {
	ip           string
	port, uiPort int // of the frontend and of the Web UI; both were free a moment ago
	database     string
	logFile      string
	retention    time.Duration
}

// address is where clients on this machine reach the frontend.
func (c serverConfig) address() string { return net.JoinHostPort(dialable(c.ip), strconv.Itoa(c.port)) }

func (c serverConfig) uiURL() string {
	return "http://" + net.JoinHostPort(dialable(c.ip), strconv.Itoa(c.uiPort))
}

// dialable turns "every address" into one that can be connected to.
func dialable(ip string) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.IsUnspecified() {
		return loopback
	}
	return ip
}

func startServer(c serverConfig) (*embedded, error) {
	sql := &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: c.database,
		// with these two a commit costs no fsync, and still nothing is lost by kill -9;
		// the last transactions can be lost by a power failure, the file stays consistent
		ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "normal"},
	}
	if err := prepareDatabase(c, sql); err != nil {
		return nil, err
	}
	conf, hosts, err := temporalConfig(c, sql)
	if err != nil {
		return nil, err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn", OutputFile: c.logFile}))
	claims, err := authorization.GetClaimMapperFromConfig(&conf.Global.Authorization, logger)
	if err != nil {
		return nil, fmt.Errorf("embedded Temporal server: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(dynamicConfig()),
	)
	if err != nil {
		return nil, fmt.Errorf("embedded Temporal server (see %s): %w", c.logFile, err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded Temporal server (see %s): %w", c.logFile, err)
	}
	e := &embedded{server: server, ui: newUI(c), uiDone: make(chan error, 1)}
	go func() { e.uiDone <- e.ui.Start() }()
	return e, nil
}

// stop ends the Web UI, then the server, which waits for what it is writing.
func (e *embedded) stop() error {
	e.ui.Stop()
	return errors.Join(<-e.uiDone, e.server.Stop())
}

// prepareDatabase makes the schema and the namespace where they are missing.
func prepareDatabase(c serverConfig, sql *config.SQL) error {
	// the schema is made beside its final name: a start that is killed half-way would
	// otherwise leave a file that looks complete
	if _, err := os.Stat(c.database); errors.Is(err, os.ErrNotExist) {
		fresh := *sql
		fresh.DatabaseName = c.database + ".new"
		// without a write-ahead log all of it is in the one file that is renamed
		fresh.ConnectAttributes = map[string]string{"mode": "rwc"}
		if err := os.RemoveAll(fresh.DatabaseName); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
		if err := sqliteschema.SetupSchema(&fresh); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
		if err := os.Rename(fresh.DatabaseName, c.database); err != nil {
			return fmt.Errorf("make the database: %w", err)
		}
	}
	if err := dropIndexes(c.database); err != nil {
		return err
	}
	ns, err := sqliteschema.NewNamespaceConfig(clusterName, namespace, false, nil)
	if err != nil {
		return fmt.Errorf("describe namespace %s: %w", namespace, err)
	}
	ns.Detail.Config.Retention = durationpb.New(c.retention)
	if err := sqliteschema.CreateNamespaces(sql, ns); err != nil {
		return fmt.Errorf("make namespace %s in %s: %w", namespace, c.database, err)
	}
	return nil
}

// temporalConfig describes the four services. Only the frontend listens where the user
// said; the others talk among themselves on free ports of the loopback address.
func temporalConfig(c serverConfig, sql *config.SQL) (*config.Config, map[primitives.ServiceName]static.Hosts, error) {
	conf := &config.Config{Services: map[string]config.Service{}}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range []primitives.ServiceName{
		primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		rpc := config.RPC{GRPCPort: c.port, BindOnIP: c.ip}
		host := c.address()
		if name != primitives.FrontendService {
			port, err := process.FreePort()
			if err != nil {
				return nil, nil, err
			}
			rpc = config.RPC{GRPCPort: port, BindOnIP: loopback}
			host = net.JoinHostPort(loopback, strconv.Itoa(port))
		}
		conf.Services[string(name)] = config.Service{RPC: rpc}
		hosts[name] = static.SingleLocalHost(host)
	}
	conf.Global.Membership.MaxJoinDuration = 30 * time.Second
	conf.Global.Membership.BroadcastAddress = loopback
	conf.Persistence = config.Persistence{
		DefaultStore: storeName, VisibilityStore: storeName, NumHistoryShards: 1,
		DataStores: map[string]config.DataStore{storeName: {SQL: sql}},
	}
	conf.ClusterMetadata = &cluster.Config{
		FailoverVersionIncrement: 10, MasterClusterName: clusterName, CurrentClusterName: clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
			Enabled: true, InitialFailoverVersion: 1, RPCAddress: c.address(), ClusterID: uuid.NewString(),
		}},
	}
	conf.DCRedirectionPolicy.Policy = "noop"
	conf.PublicClient.HostPort = c.address()
	conf.Archival.History.State, conf.Archival.Visibility.State = "disabled", "disabled"
	conf.NamespaceDefaults.Archival.History.State = "disabled"
	conf.NamespaceDefaults.Archival.Visibility.State = "disabled"
	return conf, hosts, nil
}

// dynamicConfig raises limits that are meant for clusters shared by many: here one user has one server, and a list in
// the Web UI must not run into a rate limit. It turns on what a cluster's operator decides on.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 8096, // memory before hit rate
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key():      true, // a new attribute works at once
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                    10000,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                     45000,
		// A worker that schedules an activity gets it with the answer, without a task queue in between.
		dynamicconfig.EnableActivityEagerExecution.Key(): true,
		// Off in the server by default: tables take turns when workers have more to do than they
		// can. Fairness is that of a partition, and four of them are for four machines.
		dynamicconfig.MatchingEnableFairness.Key():              true,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	}
}

func newUI(c serverConfig) *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host:                c.ip,
		Port:                c.uiPort,
		TemporalGRPCAddress: c.address(),
		DefaultNamespace:    namespace,
		EnableUI:            true,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP on this machine
		HideLogs:            true,
	}))
}
