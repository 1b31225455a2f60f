package app

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// pools opens each named connection once per role, when it is first needed.
type pools struct {
	live    *live
	connect func(context.Context, poolKey, config.Connection) (*mysqldb.DB, error)

	mu   sync.Mutex
	open map[poolKey]*pool
	// retired are pools of connections that the configuration has changed; steps that run may still use them.
	retired []*pool
}

type poolKey struct {
	name string
	role mysqldb.Role
}

// pool is opened by one caller for all who wait: a server that does not answer holds up its own
// tables only, and each of them no longer than one try.
type pool struct {
	mu      sync.Mutex
	db      *mysqldb.DB
	source  *source.Source // made of sourceOf when it is first asked for
	opening *opening

	sourceOf *mysqldb.DB
}

// opening is one try; done is closed when db or err is set.
type opening struct {
	done chan struct{}
	db   *mysqldb.DB
	err  error
}

// openTime bounds one try to open a pool. A server that takes connections and says nothing is
// closed sooner.
const openTime = 55 * time.Second

// retireAfter is how long a step may go on with a connection that the configuration has changed.
const retireAfter = 10 * time.Minute

func newPools(l *live) *pools { return &pools{live: l, connect: open, open: map[poolKey]*pool{}} }

// retire makes steps that begin from now on open the named connection again. The pools that are open are closed after
// retireAfter: a step that still uses one is tried again with the new one.
func (p *pools) retire(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, slot := range p.open {
		if key.name != name {
			continue
		}
		delete(p.open, key)
		p.retired = append(p.retired, slot)
		time.AfterFunc(retireAfter, slot.close)
	}
}

// close closes the pool, which may be done twice.
func (s *pool) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		_ = s.db.Close() // what is not committed is rolled back
		s.db = nil
	}
}

func (p *pools) source(ctx context.Context, name string) (*source.Source, error) {
	slot, db, err := p.get(ctx, poolKey{name, mysqldb.Source})
	if err != nil {
		return nil, err
	}
	return slot.asSource(db), nil
}

// asSource is db, which the slot has opened, as a source: one value for each pool.
func (s *pool) asSource(db *mysqldb.DB) *source.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sourceOf != db {
		s.source, s.sourceOf = source.New(db), db
	}
	return s.source
}

func (p *pools) target(ctx context.Context, name string) (*target.Target, error) {
	_, db, err := p.get(ctx, poolKey{name, mysqldb.Target})
	if err != nil {
		return nil, err
	}
	return target.New(db), nil
}

// get returns an open pool, and the slot that has opened it: the connection may have another slot by now.
func (p *pools) get(ctx context.Context, key poolKey) (*pool, *mysqldb.DB, error) {
	slot, conn, err := p.slot(key)
	if err != nil {
		return nil, nil, err
	}
	try := slot.try(ctx, func(ctx context.Context) (*mysqldb.DB, error) { return p.connect(ctx, key, conn) })
	select {
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-try.done:
		return slot, try.db, try.err
	}
}

// slot returns the connection's slot, and how it is configured. retire comes after a change of the configuration, and
// waits for this lock: no slot that is made from the settings before stays.
func (p *pools) slot(key poolKey) (*pool, config.Connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn, ok := p.live.now().Connections[key.name]
	if !ok { // the configuration was checked: a plan staged under an older one names it
		return nil, conn, fmt.Errorf("connection %s is not in the configuration any more", key.name)
	}
	slot := p.open[key]
	if slot == nil {
		slot = &pool{}
		p.open[key] = slot
	}
	return slot, conn, nil
}

// try returns the pool that is open, the try that is under way, or a new one. The try goes on when
// its first caller leaves: others wait for it.
func (s *pool) try(ctx context.Context, open func(context.Context) (*mysqldb.DB, error)) *opening {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening != nil {
		return s.opening
	}
	o := &opening{done: make(chan struct{}), db: s.db}
	if s.db != nil {
		close(o.done)
		return o
	}
	s.opening = o
	go func() {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), openTime)
		defer cancel()
		o.db, o.err = open(inner)
		if o.err != nil && inner.Err() != nil {
			o.err = fmt.Errorf("no answer within %s: %w", openTime, os.ErrDeadlineExceeded)
		}
		s.mu.Lock()
		s.db, s.opening = o.db, nil
		s.mu.Unlock()
		close(o.done)
	}()
	return o
}

func open(ctx context.Context, key poolKey, conn config.Connection) (*mysqldb.DB, error) {
	o := mysqldb.Options{
		Role: key.role, TLS: dsn.TLSMode(conn.TLS), CAFile: conn.CA, MaxOpen: conn.MaxConnections, Name: key.name,
	}
	if conn.CanChange() {
		o.ReloadDSN = func() (string, error) {
			dsn, err := conn.ReadAgain(os.Getenv)
			return dsn.Reveal(), err
		}
	}
	return mysqldb.Open(ctx, conn.DSN.Reveal(), o)
}

func (p *pools) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, slot := range slices.AppendSeq(slices.Clone(p.retired), maps.Values(p.open)) {
		slot.close()
	}
}

// catalog hands what the configuration names to the activities.
func catalog(cfg *config.Config, refused *api.RefusedConfig) activities.Catalog {
	out := activities.Catalog{Digest: cfg.Digest, Refused: refused}
	for _, t := range cfg.Tables() {
		out.Tables = append(out.Tables, t.Name)
	}
	for _, p := range cfg.Patterns() {
		out.Families = append(out.Families, activities.Family{
			Name: p.Name, Schema: p.Schema, Connection: p.Connection,
			Match: p.Match,
		})
	}
	return out
}

// keeps is how long a table's kept files stay.
func keeps(c *config.Config, t config.Table) map[staging.Kind]time.Duration {
	return map[staging.Kind]time.Duration{
		staging.KeptVerify: t.Verify.Keep, staging.KeptQuarantine: t.QuarantineKeep, staging.KeptUndo: t.Undo.Keep,
		staging.KeptStaged: c.Staging.Keep,
	}
}

// settings hands a table's configuration to the activities as plain values.
func settings(cfg *config.Config, n table.Name) (activities.Settings, error) {
	t, err := cfg.Table(n)
	if err != nil {
		return activities.Settings{}, err
	}
	return activities.Settings{
		Table: t.Name, Target: t.Target, SourceConnection: t.SourceConnection, TargetConnection: t.TargetConnection,
		Files: filesOf(t), Mapping: mappingOf(t), KeysDisjoint: t.KeysDisjoint,
		Cursor: t.Cursor, CursorZone: t.CursorZone, CursorUnit: t.CursorUnit, Overlap: t.Overlap,
		OverlapSteps: t.OverlapSteps, MinLag: t.MinLag, FixedLag: t.FixedLag,
		TailRows: t.TailRows, AllowReplica: t.AllowReplica, ChunkRows: t.ChunkRows, ChunkBytes: t.ChunkBytes,
		PartBytes: t.PartBytes,
		PageRows:  t.PageRows, PageBytes: t.PageBytes, PageTime: t.PageTime,
		ChunksInFlight: t.ChunksInFlight, FarChunksInFlight: t.FarChunksInFlight, RangesInFlight: t.RangesInFlight,
		RangeRows: t.RangeRows, RangeBytes: t.RangeBytes,
		Throttle: throttle.Limits{
			ThreadsRunning: t.MaxThreadsRunning, ReplicaLag: t.MaxReplicaLag, Replicas: t.Replicas, Hours: t.Hours,
		},
		Key: t.SourceKey(), Write: t.Write, Replace: replacement(t),
		UniqueConflicts: t.UniqueConflicts, MaxTransaction: t.MaxTransaction,
		BulkLoad: t.BulkLoad, IndexesAfterLoad: t.IndexesAfterLoad,
		StaleAfter: t.StaleAfter, StaleByDefault: t.StaleByDefault,
		Priority: t.Priority, CreateTarget: t.CreateTarget, Schema: t.Schema,
		Compression: cfg.Staging.Compression, Keep: keeps(cfg, t), UndoOff: t.Undo.Off,
		Quarantine: quarantine(t),
		Deletes: activities.Deletes{
			Mode: t.Deletes.Mode, Column: t.Deletes.Column, MaxShare: t.Deletes.MaxShare, Grace: t.Deletes.Grace,
			OwnsAll: t.Deletes.Owns == config.OwnsAll, AllowCascade: t.Deletes.AllowCascade,
		},
	}, nil
}

// replacement says how the target is replaced; nil where it is written into.
func replacement(t config.Table) *activities.ReplaceSettings {
	if t.Write != table.WriteReplace {
		return nil
	}
	return &activities.ReplaceSettings{KeepOld: t.KeepOld, AllowUnsafe: t.AllowUnsafeSwap}
}

// quarantine says what happens to rows that the target refuses; nil where the run fails.
func quarantine(t config.Table) *activities.QuarantineSettings {
	if t.BadRows != "quarantine" {
		return nil
	}
	return &activities.QuarantineSettings{MaxRows: t.MaxBadRows, MaxShare: t.MaxBadShare}
}
