package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/integration/bench/usualway"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// copier copies the source table into the side table as mysqldump --quick into mysql does.
type copier struct {
	name string
	do   func(context.Context) (rows int64, err error)
}

// clients are the programs that may be on PATH, and what keeps them from encrypting what stays
// on the machine: no other program here does.
var clients = []struct {
	dump, client string
	plain        string
}{
	{"mysqldump", "mysql", "--ssl-mode=DISABLED"},
	{"mariadb-dump", "mariadb", "--skip-ssl"},
}

// findCopier is the pair of programs on PATH that can speak to both servers, and otherwise the
// same in Go.
func (b *bench) findCopier(ctx context.Context) copier {
	for _, c := range clients {
		for _, plain := range []string{c.plain, "--skip-ssl"} { // mysqldump may be MariaDB's, too
			source, errSource := clientArgs(b.Source, plain)
			target, errTarget := clientArgs(b.Target, plain)
			if errSource != nil || errTarget != nil {
				continue
			}
			dump := append([]string{c.dump}, append(source, "--quick", "--no-create-info", "shop", "orders")...)
			into := append([]string{c.client}, append(target, "bench")...)
			if works(ctx, append(dump, "--where=false")) && works(ctx, append(into, "-e", "SELECT 1")) {
				return copier{c.dump + " --quick | " + c.client, func(ctx context.Context) (int64, error) {
					return b.pipe(ctx, dump, into)
				}}
			}
		}
	}
	return copier{"mysqldump's way, in Go", usualway.Copy{
		Source: b.SourceDB, Target: b.TargetDB, Query: "SELECT * FROM " + scene.Table, Into: sideTable,
		// what mysqldump writes around the rows
		Before: []string{
			"SET unique_checks = 0", "SET foreign_key_checks = 0", "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
			"LOCK TABLES " + sideTable + " WRITE", "ALTER TABLE " + sideTable + " DISABLE KEYS",
		},
		After: []string{"ALTER TABLE " + sideTable + " ENABLE KEYS", "UNLOCK TABLES"},
	}.Do}
}

func clientArgs(s *servers.Server, plain string) ([]string, error) {
	config, err := mysql.ParseDSN(s.DSN(""))
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(config.Addr)
	args := []string{
		"--no-defaults", plain, "--default-character-set=utf8mb4", "--protocol=tcp", "-h" + host,
		"-P" + port, "-u" + config.User,
	}
	if config.Passwd != "" {
		args = append(args, "--password="+config.Passwd) // of a server for tests
	}
	return args, err
}

func works(ctx context.Context, command []string) bool {
	return exec.CommandContext(ctx, command[0], command[1:]...).Run() == nil
}

// pipe runs dump | into, and counts what arrived.
func (b *bench) pipe(ctx context.Context, dump, into []string) (rows int64, err error) {
	from, to := exec.CommandContext(ctx, dump[0], dump[1:]...), exec.CommandContext(ctx, into[0], into[1:]...)
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	var said strings.Builder
	from.Stdout, to.Stdin = w, r
	to.Stderr = &said
	if err := from.Start(); err != nil {
		return 0, err
	}
	if err := to.Start(); err != nil {
		return 0, err
	}
	_, _ = w.Close(), r.Close() // the programs have them
	for _, c := range []*exec.Cmd{from, to} {
		if err := c.Wait(); err != nil {
			return 0, fmt.Errorf("%s: %w: %.300s", c.Args[0], err, said.String())
		}
	}
	err = b.TargetDB.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+sideTable).Scan(&rows)
	return rows, err
}
