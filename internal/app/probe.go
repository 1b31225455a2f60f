package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// probeTime bounds the look at a server when the worker starts.
const probeTime = 20 * time.Second

// probeConnections opens a connection of each kind that the configuration needs, and logs what answers.
// It is no condition of anything: a server may come later, and every run sees for itself. But a
// wrong password should be seen where the worker is started. The function it returns ends it.
func (p *pools) probeConnections(ctx context.Context, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	var all sync.WaitGroup
	for _, key := range needed(p.live.now()) {
		all.Go(func() {
			attrs := []any{
				"connection", key.name, "role",
				map[mysqldb.Role]string{mysqldb.Source: "source", mysqldb.Target: "target"}[key.role],
			}
			_, db, err := p.get(ctx, key)
			switch {
			case err == nil:
				log.Info("server answers", append(attrs, "server", db.Server.String())...)
			case !errors.Is(ctx.Err(), context.Canceled): // otherwise the worker ends
				log.Warn("server cannot be used: tables of this connection will wait or fail",
					append(attrs, "error", mysqlerr.Safe(err), "do", mysqlerr.Describe(err).Remedy)...)
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// needed are the connections of the configuration's tables, each role once, in a fixed order.
func needed(cfg *config.Config) (keys []poolKey) {
	add := func(k poolKey) {
		if k.name != "" && !slices.Contains(keys, k) { // tables of files have no source connection
			keys = append(keys, k)
		}
	}
	for _, t := range cfg.Tables() {
		add(poolKey{t.SourceConnection, mysqldb.Source})
		add(poolKey{t.TargetConnection, mysqldb.Target})
	}
	for _, f := range cfg.Patterns() {
		add(poolKey{f.Connection, mysqldb.Source})
		add(poolKey{f.TargetConnection, mysqldb.Target})
	}
	return keys
}
