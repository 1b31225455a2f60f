package app

import (
	"context"
	"fmt"
	"sync"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// pools opens each named connection once per role, when it is first needed.
type pools struct {
	cfg *config.Config

	mu   sync.Mutex
	open map[poolKey]*pool
}

type poolKey struct {
	name string
	role mysqldb.Role
}

// pool has a lock of its own: a server that does not answer holds up its own tables only.
type pool struct {
	mu sync.Mutex
	db *mysqldb.DB
}

func newPools(cfg *config.Config) *pools {
	return &pools{cfg: cfg, open: map[poolKey]*pool{}}
}

func (p *pools) source(ctx context.Context, name string) (*mysqldb.DB, error) {
	return p.get(ctx, poolKey{name, mysqldb.Source})
}

func (p *pools) target(ctx context.Context, name string) (*mysqldb.DB, error) {
	return p.get(ctx, poolKey{name, mysqldb.Target})
}

func (p *pools) get(ctx context.Context, key poolKey) (*mysqldb.DB, error) {
	conn, ok := p.cfg.Connections[key.name]
	if !ok { // the configuration was checked: a plan staged under an older one names it
		return nil, fmt.Errorf("connection %s is not in the configuration any more", key.name)
	}
	p.mu.Lock()
	slot := p.open[key]
	if slot == nil {
		slot = &pool{}
		p.open[key] = slot
	}
	p.mu.Unlock()

	slot.mu.Lock()
	defer slot.mu.Unlock()
	if slot.db != nil {
		return slot.db, nil
	}
	db, err := mysqldb.Open(ctx, conn.DSN.Reveal(), mysqldb.Options{
		Role: key.role, TLS: mysqldb.TLSMode(conn.TLS), CAFile: conn.CA, MaxOpen: conn.MaxConnections, Name: key.name,
	})
	if err != nil {
		return nil, err
	}
	slot.db = db
	return db, nil
}

func (p *pools) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, slot := range p.open {
		slot.mu.Lock()
		if slot.db != nil {
			_ = slot.db.Close() // the process ends
		}
		slot.mu.Unlock()
	}
}

// catalog hands what the configuration names to the activities.
func catalog(cfg *config.Config) activities.Catalog {
	var out activities.Catalog
	for _, t := range cfg.Tables() {
		out.Tables = append(out.Tables, t.Name)
	}
	for _, p := range cfg.Patterns() {
		out.Families = append(out.Families, activities.Family{Name: p.Name, Schema: p.Schema, Connection: p.Connection, Match: p.Match})
	}
	return out
}

// SettingsDigest is that of the settings a worker with this configuration gives the table.
func SettingsDigest(cfg *config.Config, n table.Name) (string, error) {
	s, err := settings(cfg, n)
	if err != nil {
		return "", err
	}
	return activities.SettingsDigest(s), nil
}

// settings hands a table's configuration to the activities as plain values.
func settings(cfg *config.Config, n table.Name) (activities.Settings, error) {
	t, err := cfg.Table(n)
	if err != nil {
		return activities.Settings{}, err
	}
	return activities.Settings{
		Table: t.Name, Target: t.Target, SourceConnection: t.SourceConnection, TargetConnection: t.TargetConnection,
		Cursor: t.Cursor, CursorZone: t.CursorZone, CursorUnit: t.CursorUnit, Overlap: t.Overlap, OverlapSteps: t.OverlapSteps, MinLag: t.MinLag, FixedLag: t.FixedLag,
		TailRows: t.TailRows, AllowReplica: t.AllowReplica, ChunkRows: t.ChunkRows, ChunkBytes: t.ChunkBytes, PartBytes: t.PartBytes,
		PageRows: t.PageRows, PageBytes: t.PageBytes, PageTime: t.PageTime,
		ChunksInFlight: t.ChunksInFlight, RangesInFlight: t.RangesInFlight, RangeRows: t.RangeRows, RangeBytes: t.RangeBytes,
		Throttle: throttle.Limits{
			ThreadsRunning: t.MaxThreadsRunning, ReplicaLag: t.MaxReplicaLag, Replicas: t.Replicas, Hours: t.Hours,
		},
		UniqueConflicts: t.UniqueConflicts, MaxTransaction: t.MaxTransaction,
		BulkLoad: t.BulkLoad, IndexesAfterLoad: t.IndexesAfterLoad,
		StaleAfter: t.StaleAfter,
		Priority:   t.Priority, CreateTarget: t.CreateTarget, AddColumns: t.AddColumns, Compression: cfg.Staging.Compression,
	}, nil
}
