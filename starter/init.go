package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/survey"
	"github.com/tablehaul/tablehaul/internal/table"
)

type initFlags struct {
	source, target string
	schemas        []string
	excludes       []string
	targetSchema   string
	staging        string
	file           string
}

func (a *app) initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Look at a source, and write a commented configuration",
		Long: "Init connects to the source. It looks at the tables: their keys, their sizes, columns that " +
			"could be a\n" +
			"cursor, and what prevents a copy. It reads the information schema and at most one row of a table. Then\n" +
			"it writes a tablehaul.yaml to start from. It never overwrites a file.\n\n" +
			"--source and --target name environment variables that hold DSNs (user:password@tcp(host:3306)/), or\n" +
			"files (file:/run/secrets/shop). The written file holds the same names, and no secret.\n\n" + exitHelp,
		Example: "  export SHOP_DSN='reader:secret@tcp(db1:3306)/' WAREHOUSE_DSN='writer:secret@tcp(db2:3306)/'\n" +
			"  tablehaul init --source SHOP_DSN --target WAREHOUSE_DSN --schema shop\n" +
			"  tablehaul init --source SHOP_DSN --schema shop,crm --exclude 'shop.tmp_*' --target-schema dw --file -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.source, "source", "SOURCE_DSN", "environment variable with the source's DSN, or file:/path")
	fl.StringVar(&f.target, "target", "TARGET_DSN", "the same for the target; init does not read it")
	fl.StringSliceVar(&f.schemas, "schema", nil, "schemas to look at (default: the DSN's own, else all)")
	fl.StringSliceVar(&f.excludes, "exclude", nil, "tables to leave out: schema.table or schema.part_*")
	fl.StringVar(&f.targetSchema, "target-schema", "", "schema of the targets (default: the source's)")
	fl.StringVar(&f.staging, "staging", "", "folder for staged files (default: below the user's data folder)")
	fl.StringVar(&f.file, "file", "", "file to write, - for standard output (default: --config, else "+
		defaultConfig+")")
	a.outputFlag(cmd)
	return cmd
}

func (a *app) init(ctx context.Context, f initFlags) error {
	path, _ := a.configPath()
	path = cmp.Or(f.file, path)
	if path == "-" && a.json() {
		return errors.New("--file - and --output json both use standard output: give only one of them")
	}
	if _, err := os.Lstat(path); path != "-" && err == nil {
		return exitf(exitUsage, "%s exists, and init does not change it: name another file with --file, or print with "+
			"--file -", path)
	}
	setup, err := a.setup(f)
	if err != nil {
		return err
	}
	found, err := a.survey(ctx, f, setup.Source)
	if err != nil {
		return err
	}
	text := found.YAML(setup)
	_, err = config.Load(strings.NewReader(text), a.getenv, config.WithoutSecrets())
	if err != nil && found.Usable() > 0 {
		return exitf(exitFailed, "the configuration that init made is not valid, which is a defect of init: %w", err)
	}
	if path == "-" {
		fmt.Fprint(a.stdout, text)
		return nil
	}
	if err := writeNew(path, text); err != nil {
		return &exitError{exitFailed, err}
	}
	a.printSurvey(found, path)
	return nil
}

// setup is what the flags say of the configuration.
func (a *app) setup(f initFlags) (survey.Setup, error) {
	s := survey.Setup{TargetSchema: f.targetSchema, Staging: f.staging}
	var err error
	if s.Source, err = connection("--source", f.source, "source"); err != nil {
		return s, err
	}
	if s.Target, err = connection("--target", f.target, "target"); err != nil {
		return s, err
	}
	if s.Source.Name == s.Target.Name {
		s.Target.Name += "-target"
	}
	if f.targetSchema != "" {
		if _, err := table.ParseName(f.targetSchema + ".t"); err != nil {
			return s, fmt.Errorf("--target-schema: %q is not a schema's name", f.targetSchema)
		}
	}
	if s.Staging == "" {
		s.Staging = defaultStaging(runtime.GOOS, a.getenv)
	}
	s.Staging = strings.TrimPrefix(s.Staging, "file://")
	if !path.IsAbs(s.Staging) {
		return s, fmt.Errorf("--staging is %q: give an absolute path of a folder of the workers, such as "+
			"/var/lib/tablehaul/staging", f.staging)
	}
	return s, nil
}

// defaultStaging is a folder of the workers' machine. It is this machine where workers run on its system.
func defaultStaging(goos string, getenv func(string) string) string {
	home := getenv("XDG_DATA_HOME")
	switch {
	case goos == "windows":
		home = "/var/lib"
	case home == "":
		home = path.Join(cmp.Or(getenv("HOME"), "/var/lib"), ".local", "share")
	}
	return path.Join(home, "tablehaul", "staging")
}

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// dsnSuffix is what a variable's name ends with and a connection's name does not need.
	dsnSuffix = regexp.MustCompile(`(?i)_(dsn|url|mysql|mariadb|db)$`)
)

// connection reads --source or --target. It refuses a DSN in their place and does not repeat a word of it: every user
// of the machine sees the arguments of a program.
func connection(flag, text, fallback string) (survey.Connection, error) {
	reference := "${" + text + "}"
	if file, ok := strings.CutPrefix(text, "file:"); ok && filepath.IsAbs(file) && !strings.ContainsAny(file, "}\"\n") {
		return survey.Connection{Name: fallback, DSN: reference}, nil
	}
	if !variableName.MatchString(text) {
		return survey.Connection{}, fmt.Errorf("%s names a variable that holds the DSN, or file:/path: a DSN itself "+
			"does not belong on a command line", flag)
	}
	name := strings.ToLower(text)
	for dsnSuffix.MatchString(name) {
		name = dsnSuffix.ReplaceAllString(name, "")
	}
	return survey.Connection{Name: strings.Trim(name, "_"), DSN: reference}, nil
}

// survey looks at the source.
func (a *app) survey(ctx context.Context, f initFlags, c survey.Connection) (*survey.Result, error) {
	scope := survey.Scope{Schemas: f.schemas}
	for _, text := range f.excludes {
		match, _, err := config.Matcher(text)
		if err != nil {
			return nil, fmt.Errorf("--exclude: %w", err)
		}
		scope.Exclude = append(scope.Exclude, match)
	}
	db, err := a.openSource(ctx, f.source, c)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // only read from
	found, err := survey.Look(ctx, db, scope)
	switch {
	case ctx.Err() != nil:
		return nil, &exitError{code: exitStopped}
	case err != nil:
		return nil, &exitError{exitFailed, err}
	case len(found.Tables) == 0:
		where := ""
		if len(f.schemas) > 0 {
			where = " in " + strings.Join(f.schemas, ", ")
		}
		return nil, exitf(exitFailed, "the login of %s sees no table%s: grant it SELECT, or name other schemas with "+
			"--schema", f.source, where)
	}
	return found, nil
}

// openSource connects to the source that --source names.
func (a *app) openSource(ctx context.Context, flag string, c survey.Connection) (*source.Source, error) {
	dsn, err := config.Expand(c.DSN, a.getenv)
	if err != nil {
		return nil, exitf(exitUsage, "--source: %w: it holds a DSN such as user:password@tcp(host:3306)/", err)
	}
	db, err := mysqldb.Open(ctx, dsn, mysqldb.Options{Role: mysqldb.Source, Name: c.Name})
	if err != nil {
		if refused, ok := errors.AsType[*mysqlerr.RefusedLogin](err); ok {
			err = refused.Cause // a worker tries again later, and init does not
		}
		text := fmt.Errorf("--source (%s): %w", flag, mysqlerr.Safe(err))
		if remedy := mysqlerr.Describe(err).Remedy; remedy != "" {
			text = fmt.Errorf("%w\n  remedy: %s", text, remedy)
		}
		return nil, &exitError{exitFailed, text}
	}
	return source.New(db), nil
}

// writeNew writes a file that does not exist yet: all of it, or none.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists, and init does not change it", path)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // an incomplete file would stop the next try
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// printSurvey prints what init has found, and what to do next.
func (a *app) printSurvey(found *survey.Result, path string) {
	if a.json() {
		for _, t := range found.Tables {
			a.printJSON(t)
		}
		return
	}
	if a.quiet {
		return
	}
	t := newGrid("Table", "Rows", "Size", "Key", "Cursor", "Remarks")
	t.right("Rows", "Size")
	for _, one := range found.Tables {
		cursor, remarks, rows := cmp.Or(one.Cursor, "none"), "", "?"
		switch {
		case one.Refused:
			cursor, remarks = one.Cursor, a.paint(a.stdout, red, "cannot be synced")
		case one.Family != "":
			remarks = "in " + one.Family
		}
		if one.Rows > 0 {
			rows = humanize.Comma(one.Rows)
		}
		t.add(one.Table, rows, human.Size(one.Bytes), strings.Join(one.Key, ", "), cursor, remarks)
	}
	a.printGrid(t)
	fmt.Fprintf(a.stdout, "Wrote %s with %d of %s. Comments say what was found of each. Next:\n",
		path, found.Usable(), human.Count(len(found.Tables), "table"))
	fmt.Fprint(a.stdout, `  tablehaul-standalone &       # or a worker, with TEMPORAL_ADDRESS
  tablehaul plan --all
  tablehaul run --all
  tablehaul schedule apply
`)
}
