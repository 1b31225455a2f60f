package activities

import "github.com/tablehaul/tablehaul/internal/table"

// ChunksWait reports whether chunks of a target's first load wait in the worker to be written.
func ChunksWait(a *Activities, connection string, target table.Name) bool {
	return a.paces.of(paceKey{tableKey{connection, target}, true}).limiter.HasWaiters()
}
