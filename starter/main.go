package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/buildinfo"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/manual"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes. They are public: scripts depend on them, and the help text lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitBusy        = 4
	exitDiffers     = 5
	exitStopped     = 130
)

const exitHelp = `Exit codes:
  0    done
  1    a run or a command failed
  2    wrong usage, or a problem in the configuration
  3    Temporal cannot be reached
  4    another run holds the table
  5    verify found that two sides differ
  130  stopped following (Ctrl-C); the run goes on`

// exitError is an error with its exit code. An error without one comes from reading the command line, and so is wrong
// usage.
type exitError struct {
	code int
	// err is the text to print; nil where it was printed already.
	err error
}

// exitf returns an exitError. The format may have %w.
func exitf(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// brokenHint follows the problems of a file without which a command has gone on.
const brokenHint = "All else is shown as the workers know it: one that runs keeps the configuration that it has " +
	"read, and one that starts refuses this file. Correct it: tablehaul config check"

// app is what every command needs.
type app struct {
	getenv func(string) string
	// stdin has the answers to questions.
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// dial connects to Temporal; tests put a fake here.
	dial func(ctx context.Context, getenv func(string) string, taskQueue string) (service, error)

	// poll is the interval of status queries; 0 is pollInterval.
	poll time.Duration

	configFile string
	taskQueue  string
	output     string
	// quiet leaves out progress, notes and messages of success.
	quiet bool
	// startWait is how long a command waits for a Temporal of this machine that starts; 0 for not at all.
	startWait time.Duration
	// broken is the file's, where the command has shown what it could without it.
	broken *config.Problems
	// web prints links into the Web UI, and nothing else.
	web bool
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	a := &app{getenv: getenv, stdin: os.Stdin, stdout: stdout, stderr: stderr, dial: dialTemporal}
	if terminal(stderr) {
		a.startWait = startWait
	}
	return a.execute(ctx, args)
}

func (a *app) execute(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if a.broken != nil {
		fmt.Fprintf(a.stderr, "tablehaul: %s\n", a.broken)
	}
	switch {
	case err == nil && a.broken != nil:
		fmt.Fprintln(a.stderr, brokenHint)
		return exitUsage
	case err == nil:
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		fmt.Fprintf(a.stderr, "tablehaul: %s\nSee tablehaul --help.\n", err.Error())
		return exitUsage
	}
	if exit.err != nil {
		fmt.Fprintf(a.stderr, "tablehaul: %s\n", exit.err.Error())
	}
	return exit.code
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "tablehaul",
		Short: "Keep copies of large MySQL tables fresh",
		Long: "Tablehaul keeps copies of large MySQL tables fresh without hurting either server.\n" +
			"This program starts runs and shows them. A worker moves the rows.\n\n" +
			"Temporal's own settings apply: TEMPORAL_ADDRESS (default " + temporalopts.DefaultAddress + "),\n" +
			"TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, temporal.toml.\n\n" + exitHelp,
		Version:       buildinfo.Read().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "",
		"configuration file (variable TABLEHAUL_CONFIG; default "+defaultConfig+")")
	flags.StringVar(&a.taskQueue, "task-queue", api.DefaultTaskQueue, "task queue of the workers")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "no progress, no notes, no messages of success: answers and "+
		"errors only")
	root.AddCommand(a.initCommand(), a.runCommand(), a.loadCommand(), a.planCommand(), a.verifyCommand(),
		a.deletesCommand(),
		a.undoCommand(), a.replayCommand(), a.backfillCommand(), a.cancelCommand(), a.retryCommand(),
		a.pauseCommand(), a.resumeCommand(), a.warningsCommand(), a.digestCommand(), a.statusCommand(),
		a.historyCommand(), a.explainCommand(),
		a.reportCommand(), a.scheduleCommand(), a.watermarkCommand(), a.quarantineCommand(), a.configCommand(),
		a.demoCommand(), a.versionCommand(),
		manual.Command(root))
	return root
}

// outputFlag adds --output, and checks it before the command runs. more are forms beside text and json.
func (a *app) outputFlag(cmd *cobra.Command, more ...string) {
	forms := append([]string{"text", "json"}, more...)
	usage := strings.Join(append([]string{"text", "json: one object per line"}, more...), ", or ")
	cmd.Flags().StringVar(&a.output, "output", "text", usage)
	completeFlag(cmd, "output", forms...)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(forms, a.output) {
			return fmt.Errorf("--output is %q: it is %s", a.output, strings.Join(forms, " or "))
		}
		return nil
	}
}

// completeFlag offers the words of a flag to the shell.
func completeFlag(cmd *cobra.Command, flag string, words ...string) {
	complete := cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc(flag, complete) // fails only for an unknown flag
}

func (a *app) json() bool { return a.output == "json" }

// fromTemporal gives an error of the service its exit code.
func (a *app) fromTemporal(ctx context.Context, err error) error {
	var unreachable *remote.UnreachableError
	var settings *remote.SettingsError
	var busy *remote.BusyError
	switch {
	case errors.As(err, &busy):
		return &exitError{exitBusy, err}
	case ctx.Err() != nil:
		return exitf(exitStopped, "stopped")
	case errors.As(err, &settings):
		return &exitError{exitUsage, err}
	case errors.As(err, &unreachable):
		hint := "Is it running? Start tablehaul-standalone, or set TEMPORAL_ADDRESS"
		return exitf(exitUnreachable, "%w\n%s", err, hint)
	default:
		return &exitError{exitFailed, err}
	}
}
