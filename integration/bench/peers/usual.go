package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/integration/bench/usualway"
)

// usualTool is what many write by hand. It runs as this program with the argument usual, so that its memory is its own.
var usualTool = tool{
	name: "the usual way", title: "the usual way, by `LOAD DATA LOCAL`", command: usual, localInfile: true,
	config: "`SELECT` piped into `LOAD DATA LOCAL`; for changes into a staging table, then `DELETE` and `INSERT … " +
		"SELECT` in one transaction",
}

func usual(a *arena, p phase) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	cmd := exec.Command(program, "usual")
	cmd.Env = append(os.Environ(), "SOURCE="+a.Source.Addr(), "TARGET="+a.Target.Addr(), "PHASE="+p.String())
	return cmd
}

// usualStaging is the schema of the staging table.
const usualStaging = "shop_staging"

// runUsual is one run of the usual way.
func runUsual(ctx context.Context, getenv func(string) string, _ io.Writer) error {
	source, err := sql.Open("mysql", login(getenv("SOURCE")))
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // the process ends
	target, err := sql.Open("mysql", login(getenv("TARGET")))
	if err != nil {
		return err
	}
	defer target.Close() //nolint:errcheck // the process ends
	all := usualway.Load{Source: source, Target: target, Query: "SELECT * FROM shop.orders", Into: "shop.orders"}
	if getenv("PHASE") == firstLoad.String() {
		_, err = all.Do(ctx)
		return err
	}
	var newest string
	if err := target.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP(MAX(updated_at)) FROM shop.orders").Scan(
		&newest); err != nil {
		return fmt.Errorf("look for the newest row of the target: %w", err)
	}
	if _, err := target.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+usualStaging); err != nil {
		return fmt.Errorf("make the staging schema: %w", err)
	}
	_, err = usualway.Merge{
		Source: source, Target: target, Into: all.Into, Staging: usualStaging + ".orders", ByLoad: true,
		Query: all.Query + " WHERE updated_at > FROM_UNIXTIME(" + newest + ")",
	}.Do(ctx)
	return err
}

func login(addr string) string {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr = account, "tcp", addr
	return c.FormatDSN()
}
