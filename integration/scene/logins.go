package scene

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Reader and Writer are the logins of the worker. Their password is no secret: the servers listen on 127.0.0.1.
const (
	Reader   = "tablehaul_read"
	Writer   = "tablehaul_write"
	password = "of-this-scene" //nolint:gosec // see above
)

// grants make the login of a role, "source" or "target", with what docs/security.md lists for a table that is created,
// swept and replaced.
func grants(f servers.Flavor, role string) []string {
	name := map[string]string{"source": Reader, "target": Writer}[role] + "@'%'"
	out := []string{
		"CREATE USER IF NOT EXISTS " + name + " IDENTIFIED BY '" + password + "'",
		"GRANT PROCESS ON *.* TO " + name,
	}
	if f == servers.FlavorMySQL {
		out = append(out, "GRANT SELECT ON performance_schema.* TO "+name)
	}
	if role == "source" {
		monitor := "REPLICATION CLIENT"
		if f == servers.FlavorMariaDB {
			monitor = "REPLICA MONITOR"
		}
		return append(out, "GRANT SELECT ON shop.* TO "+name, "GRANT "+monitor+" ON *.* TO "+name)
	}
	return append(out, "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, TRIGGER, CREATE TEMPORARY "+
		"TABLES ON shop.* TO "+name)
}

// SourceDSN and TargetDSN are what the worker connects with.
func (s *Scene) SourceDSN() string { return login(s.Source, Reader, s.via[0]) }

// TargetDSN is that of the target: see SourceDSN.
func (s *Scene) TargetDSN() string { return login(s.Target, Writer, s.via[1]) }

// Via makes the next workers connect to other addresses, host:port, which lead to the servers; "" is the server's own.
func (s *Scene) Via(source, target string) { s.via = [2]string{source, target} }

func login(s *servers.Server, name, via string) string {
	c, err := mysql.ParseDSN(s.DSN(""))
	if err != nil {
		panic(err) // the server's own
	}
	c.User, c.Passwd = name, password
	c.Addr = cmp.Or(via, c.Addr)
	return c.FormatDSN()
}

// WithLocalInfile runs f while a server allows LOAD DATA LOCAL.
func WithLocalInfile(ctx context.Context, db *sql.DB, f func() error) (err error) {
	var before bool
	if err := db.QueryRowContext(ctx, "SELECT @@GLOBAL.local_infile").Scan(&before); err != nil {
		return fmt.Errorf("read local_infile: %w", err)
	}
	if before {
		return f()
	}
	if _, err := db.ExecContext(ctx, "SET GLOBAL local_infile = ON"); err != nil {
		return fmt.Errorf("allow LOAD DATA LOCAL: %w", err)
	}
	defer func() {
		_, restore := db.ExecContext(context.WithoutCancel(ctx), "SET GLOBAL local_infile = OFF")
		err = errors.Join(err, restore)
	}()
	return f()
}
