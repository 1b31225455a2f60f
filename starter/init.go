package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
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
		Long: "Init looks at the tables of a source: their keys, sizes, columns that could be a cursor, and what\n" +
			"would keep them from being copied. It reads the information schema and at most one row of a table,\n" +
			"and writes a tablehaul.yaml to go on from. A file that is there stays as it is.\n\n" +
			"--source and --target name environment variables that hold DSNs (user:password@tcp(host:3306)/), or\n" +
			"files (file:/run/secrets/shop). The file that is written names them too, and holds no secret.\n\n" + exitHelp,
		Example: "  export SHOP_DSN='reader:secret@tcp(db1:3306)/' WAREHOUSE_DSN='writer:secret@tcp(db2:3306)/'\n" +
			"  tablehaul init --source SHOP_DSN --target WAREHOUSE_DSN --schema shop\n" +
			"  tablehaul init --source SHOP_DSN --schema shop,crm --exclude 'shop.tmp_*' --target-schema dw --file -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.source, "source", "SOURCE_DSN", "environment variable with the source's DSN, or file:/path")
	fl.StringVar(&f.target, "target", "TARGET_DSN", "the same for the target; it need not be set yet")
	fl.StringSliceVar(&f.schemas, "schema", nil, "schemas to look at (default: the DSN's own, else all)")
	fl.StringSliceVar(&f.excludes, "exclude", nil, "tables to leave out: schema.table or schema.part_*")
	fl.StringVar(&f.targetSchema, "target-schema", "", "schema of the targets (default: the source's)")
	fl.StringVar(&f.staging, "staging", "", "folder for staged files (default: below the user's data folder)")
	fl.StringVar(&f.file, "file", "", "file to write, - for standard output (default: --config, else "+defaultConfig+")")
	a.outputFlag(cmd)
	return cmd
}

func (a *app) init(ctx context.Context, f initFlags) error {
	path, _ := a.configPath()
	path = cmp.Or(f.file, path)
	if path == "-" && a.json() {
		return errors.New("--file - and --output json both want standard output: give one")
	}
	if _, err := os.Lstat(path); path != "-" && err == nil {
		return &exitError{exitUsage, fmt.Errorf("%s is there and stays as it is: name another file with --file, or look with --file -", path)}
	}
	draft, err := a.draftOf(f)
	if err != nil {
		return err
	}
	if err := a.survey(ctx, f, draft); err != nil {
		return err
	}
	text := draft.yaml()
	if _, err := config.Load(strings.NewReader(text), a.getenv, config.WithoutSecrets()); err != nil && draft.usable() > 0 {
		return &exitError{exitFailed, fmt.Errorf("the file would not be valid, which is a defect: %w", err)}
	}
	if path == "-" {
		fmt.Fprint(a.stdout, text)
		return nil
	}
	if err := writeNew(path, text); err != nil {
		return &exitError{exitFailed, err}
	}
	a.printSurvey(draft, path)
	return nil
}

// draftOf is a configuration as far as the flags say it.
func (a *app) draftOf(f initFlags) (*draft, error) {
	d := &draft{targetSchema: f.targetSchema, staging: f.staging}
	var err error
	if d.source, err = reference("--source", f.source, "source"); err != nil {
		return nil, err
	}
	if d.target, err = reference("--target", f.target, "target"); err != nil {
		return nil, err
	}
	if d.source.name == d.target.name {
		d.target.name += "-target"
	}
	for _, text := range f.excludes {
		match, _, err := config.Matcher(text)
		if err != nil {
			return nil, fmt.Errorf("--exclude: %w", err)
		}
		d.excludes = append(d.excludes, match)
	}
	if f.targetSchema != "" {
		if _, err := table.ParseName(f.targetSchema + ".t"); err != nil {
			return nil, fmt.Errorf("--target-schema: %q is not a schema's name", f.targetSchema)
		}
	}
	if d.staging == "" {
		home := a.getenv("XDG_DATA_HOME")
		if home == "" {
			home = filepath.Join(cmp.Or(a.getenv("HOME"), "/var/lib"), ".local", "share")
		}
		d.staging = filepath.Join(home, "tablehaul", "staging")
	}
	d.staging = strings.TrimPrefix(d.staging, "file://")
	if !filepath.IsAbs(d.staging) {
		return nil, fmt.Errorf("--staging is %q: it is an absolute folder", f.staging)
	}
	return d, nil
}

// dsnReference is where a DSN stands, and what its connection is called.
type dsnReference struct {
	name, variable string
}

// text is what the configuration holds in the DSN's place.
func (r dsnReference) text() string { return "${" + r.variable + "}" }

var (
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// dsnSuffix is what names of variables end with and names of connections need not.
	dsnSuffix = regexp.MustCompile(`(?i)_(dsn|url|mysql|mariadb|db)$`)
)

// reference reads --source or --target. A DSN in their place is refused without a word of it:
// the arguments of a program are seen by everybody on the machine.
func reference(flag, text, fallback string) (dsnReference, error) {
	if path, ok := strings.CutPrefix(text, "file:"); ok && filepath.IsAbs(path) && !strings.ContainsAny(path, "}\"\n") {
		return dsnReference{fallback, text}, nil
	}
	if !variable.MatchString(text) {
		return dsnReference{}, fmt.Errorf("%s names an environment variable that holds the DSN, or file:/path: a DSN itself does not belong on a command line", flag)
	}
	name := strings.ToLower(text)
	for dsnSuffix.MatchString(name) {
		name = dsnSuffix.ReplaceAllString(name, "")
	}
	return dsnReference{strings.Trim(name, "_"), text}, nil
}

// open connects to where the reference points.
func (a *app) open(ctx context.Context, flag string, r dsnReference) (*mysqldb.DB, error) {
	dsn, err := config.Expand(r.text(), a.getenv)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("%s: %w: it holds a DSN like user:password@tcp(host:3306)/", flag, err)}
	}
	db, err := mysqldb.Open(ctx, dsn, mysqldb.Options{Role: mysqldb.Source, Name: r.name})
	if err != nil {
		p := mysqldb.Describe(err)
		text := fmt.Errorf("%s (%s): %w", flag, r.variable, mysqldb.Safe(err))
		if p.Remedy != "" {
			text = fmt.Errorf("%w\n  remedy: %s", text, p.Remedy)
		}
		return nil, &exitError{exitFailed, text}
	}
	return db, nil
}

// writeNew writes a file that must not be there, whole or not at all.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there and stays as it is", path)
	}
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // half a file would keep the next try away
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
