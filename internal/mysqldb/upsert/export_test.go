package upsert

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// LockHolder is the connection that others wait for in a table, 0 where none is seen.
func LockHolder(ctx context.Context, d *mysqldb.DB, name table.Name) int64 {
	for _, query := range blockerQueries(d.Server) {
		if b := findBlocker(ctx, d, query, name); b != nil {
			return b.id
		}
	}
	return 0
}

// For tests of the package upsert_test.
var (
	KeyHash          = keyHash
	IsUniqueConflict = isUniqueConflict
)
