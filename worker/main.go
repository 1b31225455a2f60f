// Command worker, built as tablehaul-worker, runs Tablehaul's workflows and activities for a Temporal server that is
// already there. See tablehaul-standalone for one that brings its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/buildinfo"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/manual"
	"github.com/tablehaul/tablehaul/internal/process"
	"github.com/tablehaul/tablehaul/workflows"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// gcPercent is GOGC where the environment does not set it: the heap grows by half before garbage is collected. It takes
// a sixth off the worker's peak, for a tenth more of its processor time (docs/decisions/402).
const gcPercent = 50

// run returns the exit code: 0 after an orderly stop, 1 where the worker cannot run, 2 for flags that make no sense.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	code := 0
	cmd := command(getenv, stderr, &code)
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "tablehaul-worker:", err)
		return max(code, 1)
	}
	return 0
}

func command(getenv func(string) string, stderr io.Writer, code *int) *cobra.Command {
	var file, queue, deployment, build string
	var jsonLogs bool
	var nice int
	cmd := &cobra.Command{
		Use:   "tablehaul-worker",
		Short: "Run Tablehaul's workflows and activities for an existing Temporal server",
		Long: `tablehaul-worker takes tasks from a Temporal server and does the work of every table in its configuration.

Temporal is found by its own settings: TEMPORAL_ADDRESS (default 127.0.0.1:7233), TEMPORAL_NAMESPACE,
TLS and API key variables, or temporal.toml. Where no server answers yet, it waits and says so. SIGTERM lets running chunks end.

Exit codes: 0 stopped in order, 1 cannot run, 2 wrong flags.`,
		Args:          cobra.NoArgs,
		Version:       buildinfo.Read().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := process.Yield(nice); err != nil {
				*code = 2
				return fmt.Errorf("--nice: %w", err)
			}
			if (deployment == "") != (build == "") {
				*code = 2
				return errors.New("--deployment and --build-id belong together: give both or neither")
			}
			cfg, err := config.LoadFile(file, getenv)
			if err != nil {
				return err
			}
			return app.RunWorker(cmd.Context(), app.WorkerOptions{
				Config: cfg, Getenv: getenv, TaskQueue: queue, Deployment: deployment, Build: build,
				Log: app.NewLog(stderr, cfg.Log, jsonLogs),
			})
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		*code = 2
		return err
	})
	cmd.Flags().StringVar(&file, "config", defaultConfig(getenv), "configuration file (environment TABLEHAUL_CONFIG)")
	cmd.Flags().StringVar(&queue, "task-queue", workflows.TaskQueue, "Temporal task queue to serve")
	cmd.Flags().StringVar(&deployment, "deployment", getenv("TEMPORAL_DEPLOYMENT_NAME"),
		"Worker Deployment that this worker is a version of, with --build-id (environment TEMPORAL_DEPLOYMENT_NAME)")
	cmd.Flags().StringVar(&build, "build-id", getenv("TEMPORAL_WORKER_BUILD_ID"),
		"version of this worker within --deployment (environment TEMPORAL_WORKER_BUILD_ID)")
	cmd.Flags().BoolVar(&jsonLogs, "log-json", false, "log JSON, with any log.format")
	cmd.Flags().IntVar(&nice, "nice", process.DefaultNice, "niceness, 0 to 19: on a machine that it shares with a "+
		"database server, the server's other clients go first (Linux)")
	cmd.AddCommand(manual.Command(cmd))
	return cmd
}

func defaultConfig(getenv func(string) string) string {
	if path := getenv("TABLEHAUL_CONFIG"); path != "" {
		return path
	}
	return "tablehaul.yaml"
}
