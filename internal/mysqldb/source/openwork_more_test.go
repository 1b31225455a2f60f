package source_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// named puts the table of a scene in the place of T. With a fixed width, T2 of one scene is not T of another.
func named(text string, n int) string {
	return regexp.MustCompile(`\bT(_\w|2)?\b`).ReplaceAllString(text, fmt.Sprintf("t%03d$1", n))
}

// TestOpenWork plays every kind of writer and reader on real servers.
func TestOpenWork(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		admin.SetMaxOpenConns(len(scenes) + 20)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		without := dbtest.WithGrants(t, s, schema, "SELECT ON "+schema+".*", "PROCESS ON *.*")
		all, openGates := play(t, admin, db, schema)
		seesLocks := s.Flavor == servers.FlavorMySQL
		byAll, err := source.OpenWork(t.Context(), source.New(db))
		require.NoError(t, err)
		byFew, err := source.OpenWork(t.Context(), source.New(without))
		require.NoError(t, err)
		ends := map[string]string{}
		for name, p := range all {
			for _, look := range []struct {
				work func(table.Name) []source.Blocker
				held bool
				by   string
			}{{byAll, p.held || p.heldWithout && !seesLocks, "all grants"}, {byFew, p.heldWithout, "few grants"}} {
				held := false
				for _, w := range look.work(p.table.Name) {
					held = held || w.Thread == p.thread || w.Kind == source.BlockerXA && strings.HasSuffix(name, "XA")
					if w.Thread == p.thread && p.held {
						require.GreaterOrEqual(t, w.Seconds, 3.0, "%s: %+v", name, w)
						require.NotEmpty(t, w.Release, name)
						require.Equal(t, "root", w.User, name)
					}
				}
				require.Equal(t, look.held, held, "%s, held with %s", name, look.by)
			}
			if p.held {
				ends[name] = dbtest.Choose(t, db, p.table, "ts").Hi
			}
		}
		openGates()
		for name, p := range all {
			finish(t, p)
			rows := dbtest.Texts(
				t,
				dbtest.Lenient(t, s, schema),
				"SELECT ts FROM "+sqltext.Ident(p.table.Name.Table)+" WHERE v = 1",
			)
			if p.held && !strings.Contains(name, "delete") {
				require.Len(t, rows, 1, name)
				require.Less(t, ends[name], rows[0], name)
			}
		}
	})
}

// finish ends a scene as its client would.
func finish(t *testing.T, p *playing) {
	t.Helper()
	require.NoError(t, <-p.done)
	if n := len(p.first); n > 0 && strings.HasPrefix(p.first[n-1], "XA PREPARE") {
		dbtest.Run(t, p.conn, "XA COMMIT '"+p.table.Name.Table+"'")
		return
	}
	dbtest.Run(t, p.conn, "COMMIT", "UNLOCK TABLES")
}
