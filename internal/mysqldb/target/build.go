package target

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// What an ALTER TABLE that builds indexes may use of a MySQL server. With the defaults, a buffer of 1 MiB, it merges
// many small sorted files (manual: Configuring Parallel Threads for Online DDL Operations). The threads share the
// buffer.
const (
	buildBuffer  = 64 << 20 // bytes
	buildThreads = 2
)

// A sessionSetting is a variable of a session and its value.
type sessionSetting struct {
	name  string
	value int
}

// buildSettings are those for building indexes; none where the server has no such variables: MariaDB, and MySQL before
// 8.0.27.
func buildSettings(s mysqldb.Server) []sessionSetting {
	if s.Flavor != mysqldb.FlavorMySQL || !s.AtLeast(8, 0, 27) {
		return nil
	}
	return []sessionSetting{
		{"innodb_ddl_buffer_size", buildBuffer},
		{"innodb_ddl_threads", buildThreads},
		{"innodb_parallel_read_threads", buildThreads},
	}
}

// buildMemory says in a plan what building indexes takes of the target's server; "" for what it always takes.
func buildMemory(s mysqldb.Server) string {
	if len(buildSettings(s)) == 0 {
		return ""
	}
	return fmt.Sprintf("; the server takes up to %s of memory for it", human.Size(buildBuffer))
}

// set gives a session settings; restore takes them back. One that the server refuses is left out: it only makes a
// statement faster.
func set(ctx context.Context, conn *sql.Conn, settings []sessionSetting) (restore func()) {
	for _, one := range settings {
		_, _ = conn.ExecContext(ctx, fmt.Sprintf("SET SESSION %s = %d", one.name, one.value))
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
		defer cancel()
		for _, one := range settings {
			_, _ = conn.ExecContext(ctx, "SET SESSION "+one.name+" = DEFAULT") // a connection that is lost has none
		}
	}
}
