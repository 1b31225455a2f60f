package upsert

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// LockHolder is the connection that holds what others wait for in a table, 0 where none is seen.
func LockHolder(ctx context.Context, d *mysqldb.DB, name table.Name) int64 {
	for _, query := range blockerQueries(d.Server) {
		if h := findBlocker(ctx, d, query, name); h != nil {
			return h.id
		}
	}
	return 0
}
