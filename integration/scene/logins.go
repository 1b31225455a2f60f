package scene

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/localserver"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Reader and Writer are the logins of the worker. Their password is no secret: the servers listen on 127.0.0.1.
const (
	Reader   = "tablehaul_read"
	Writer   = "tablehaul_write"
	password = "of-this-scene" //nolint:gosec // see above
)

// grants make the login of a role, "source" or "target".
func grants(s *servers.Server, role string) []string {
	if role == "source" {
		return localserver.Login{Name: Reader, Password: password, Schema: "shop"}.SourceStatements(s.Server)
	}
	return localserver.Login{Name: Writer, Password: password, Schema: "shop"}.TargetStatements(s.Flavor)
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
