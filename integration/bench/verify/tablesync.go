package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// syncFigures are what pt-table-sync --print took for the same tables.
type syncFigures struct {
	version string
	command string
	seconds float64
	// why says why there is no figure.
	why string
}

// tableSync lets pt-table-sync of Percona Toolkit compare the same tables, where it is on PATH.
func (b *bench) tableSync(ctx context.Context) error {
	f := &b.sync
	version, err := exec.CommandContext(ctx, "pt-table-sync", "--version").Output()
	if err != nil {
		f.why = "pt-table-sync is not on PATH (Debian: apt-get install percona-toolkit)"
		b.Say("%s", f.why)
		return nil
	}
	f.version = strings.TrimSpace(string(version))
	source, err := toolkitDSN(b.Source)
	if err != nil {
		return err
	}
	target, err := toolkitDSN(b.Target)
	if err != nil {
		return err
	}
	args := []string{
		"--print", "--charset", "utf8mb4", "--no-check-triggers", "--no-check-child-tables", "--no-check-slave",
	}
	f.command = "pt-table-sync " + strings.Join(args, " ") + " SOURCE,D=shop,t=orders TARGET"
	cmd := exec.CommandContext(ctx, "pt-table-sync", append(args, source+",D=shop,t=orders", target)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err = cmd.Run()
	f.seconds = time.Since(began).Seconds()
	if err != nil || stderr.Len() > 0 {
		f.why = fmt.Sprintf("%v: %.300s", err, strings.Join(strings.Fields(stderr.String()), " "))
	} else if n := bytes.Count(stdout.Bytes(), []byte("\n")); n > 0 {
		f.why = fmt.Sprintf("it prints %d statements for equal sides", n)
	}
	b.Say("%s: %.1f s %s", f.version, f.seconds, f.why)
	return nil
}

// toolkitDSN is how Percona Toolkit names a server.
func toolkitDSN(s *servers.Server) (string, error) {
	c, err := mysql.ParseDSN(s.DSN(""))
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(c.Addr)
	dsn := fmt.Sprintf("h=%s,P=%s,u=%s", host, port, c.User)
	if c.Passwd != "" {
		dsn += ",p=" + c.Passwd // of a server for tests
	}
	return dsn, err
}
