package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/buildinfo"
	"github.com/tablehaul/tablehaul/internal/manual"
	"github.com/tablehaul/tablehaul/internal/process"
)

// Exit codes, besides 0 for an orderly stop.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// A settings holds the command line.
type settings struct {
	ip         string
	port       portFlag
	uiPort     portFlag
	dataDir    string
	retention  time.Duration // how long closed workflows are kept
	serverOnly bool
	nice       int // niceness of the process
	readyFile  string
	configFile string
	logJSON    bool
}

// errUsage wraps what is wrong with the command line itself.
var errUsage = errors.New("wrong usage")

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	cmd := command(getenv, stdout, stderr)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "tablehaul-standalone:", err)
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

func command(getenv func(string) string, stdout, stderr io.Writer) *cobra.Command {
	s := settings{port: 7233, uiPort: 8233, configFile: "tablehaul.yaml"}
	if path := getenv("TABLEHAUL_CONFIG"); path != "" {
		s.configFile = path
	}
	cmd := &cobra.Command{
		Use:   "tablehaul-standalone",
		Short: "Run Tablehaul with a Temporal server and its Web UI in one process",
		Long: `tablehaul-standalone runs a Temporal server on a SQLite file, Temporal's Web UI, and the Tablehaul worker.

Stop it with Ctrl-C or SIGTERM. What was running goes on when it is started again, even after
kill -9. The server asks for no password: keep it on 127.0.0.1.

Exit codes: 0 stopped in order, 1 cannot run, 2 wrong flags.`,
		Args:          cobra.NoArgs,
		Version:       buildinfo.Read().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), s, getenv, stdout, stderr)
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	f := cmd.Flags()
	f.StringVar(&s.ip, "ip", "127.0.0.1", "address to listen on")
	f.Var(&s.port, "port", "port of the Temporal server; auto picks a free one")
	f.Var(&s.uiPort, "ui-port", "port of the Web UI; auto picks a free one")
	f.StringVar(&s.dataDir, "data-dir", "",
		"folder of the database and the server's log (default "+defaultDataDir(getenv)+")")
	f.DurationVar(&s.retention, "retention", 30*24*time.Hour,
		"how long the histories of closed workflows are kept; at least 1h")
	f.BoolVar(&s.serverOnly, "server-only", false, "run Temporal and its Web UI without the worker")
	f.StringVar(&s.readyFile, "ready-file", "", "file to write addresses and process id to, as JSON, once the "+
		"server answers")
	f.StringVar(&s.configFile, "config", s.configFile,
		"configuration file of the worker (environment TABLEHAUL_CONFIG)")
	f.IntVar(&s.nice, "nice", process.DefaultNice, "niceness, 0 to 19: on a machine that it shares with a database "+
		"server, the server's other clients go first (Linux)")
	f.BoolVar(&s.logJSON, "log-json", false, "the worker logs JSON, with any log.format")
	cmd.AddCommand(manual.Command(cmd))
	return cmd
}
