package target_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A roleLogin is a login that has nothing but roles. Its name is a schema's, and so are theirs.
type roleLogin struct {
	t      *testing.T
	server *servers.Server
	name   string
}

func newRoleLogin(t *testing.T, s *servers.Server, name string) roleLogin {
	t.Helper()
	l := roleLogin{t: t, server: s, name: name}
	l.admin(
		"CREATE USER U@'%'", "CREATE ROLE U_inner", "CREATE ROLE U_outer", "GRANT U_inner TO U_outer",
		"GRANT U_outer TO U@'%'",
	)
	t.Cleanup(func() {
		db := s.DB(t, "")
		for _, q := range []string{"DROP USER U@'%'", "DROP ROLE U_inner", "DROP ROLE U_outer"} {
			_, _ = db.ExecContext(context.WithoutCancel(t.Context()), strings.ReplaceAll(q, "U", name))
		}
	})
	return l
}

// admin runs statements as root, with U for the login's name.
func (l roleLogin) admin(statements ...string) {
	l.t.Helper()
	db := l.server.DB(l.t, "")
	for _, q := range statements {
		dbtest.Exec(l.t, db, strings.ReplaceAll(strings.ReplaceAll(q, "U@", l.name+"@"), "U_", l.name+"_"))
	}
}

// activate makes the outer role a default role, active in every session from its start.
func (l roleLogin) activate() {
	l.t.Helper()
	if l.server.Flavor == servers.FlavorMariaDB {
		l.admin("SET DEFAULT ROLE U_outer FOR U@'%'")
		return
	}
	l.admin("SET DEFAULT ROLE U_outer TO U@'%'")
}

func (l roleLogin) open(role mysqldb.Role) *mysqldb.DB {
	l.t.Helper()
	db, err := mysqldb.Open(
		l.t.Context(), strings.Replace(l.server.DSN(""), "root@", l.name+"@", 1),
		mysqldb.Options{Role: role, Name: "roles"},
	)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestPrivilegesOfTheTargetMayComeByRoles(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE g (id INT PRIMARY KEY)")
		l := newRoleLogin(t, s, p.To)
		l.admin(
			"GRANT SELECT ON "+p.To+".* TO U@'%'", "GRANT INSERT, UPDATE ON "+p.To+".* TO U_outer",
			"GRANT CREATE ON "+p.To+".* TO U_inner",
		)
		p.Dst = l.open(mysqldb.Target)
		refuses(p, "g", "", "lacks INSERT, UPDATE, CREATE")
		require.Contains(t, p.Plan("g").Findings[0].Remedy, "default roles")

		l.activate()
		p.Dst = l.open(mysqldb.Target)
		p.Apply("g")
		p.AtSource("ALTER TABLE g ADD COLUMN x INT")
		refuses(p, "g", "", "lacks ALTER") // and nothing else
		l.admin("GRANT ALTER ON " + p.To + ".g TO U_inner")
		p.Dst = l.open(mysqldb.Target)
		p.Apply("g")
		_, err := p.Dst.ExecContext(t.Context(), "INSERT INTO "+p.To+".g VALUES (1, 1) ON DUPLICATE KEY UPDATE x = 2")
		require.NoError(t, err, "what the plan saw is true")
	})
}

func TestPrivilegesOfTheSourceMayComeByRoles(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, dbtest.Lenient(t, s, schema), dbtest.Stamped)
		l := newRoleLogin(t, s, schema)
		l.admin("GRANT SELECT ON "+schema+".* TO U@'%'", "GRANT PROCESS ON *.* TO U_inner")
		db := l.open(mysqldb.Source)
		tbl := dbtest.Introspect(t, db, schema, "t")
		check := source.CheckSpec{Cursor: "ts"}
		require.Contains(
			t, strings.Join(dbtest.Found(t, db, tbl, check, table.LevelRefuse), ""), "GRANT PROCESS ON *.*",
			"the role is not active",
		)

		l.activate()
		db = l.open(mysqldb.Source)
		require.Empty(t, dbtest.Found(t, db, tbl, check, table.LevelRefuse))
		require.NotEmpty(t, dbtest.Choose(t, db, tbl, "ts").Hi)

		l.admin("REVOKE SELECT ON "+schema+".* FROM U@'%'", "GRANT SELECT ON "+schema+".t TO U_inner")
		db = l.open(mysqldb.Source)
		require.Empty(
			t, dbtest.Found(t, db, dbtest.Introspect(t, db, schema, "t"), check, table.LevelRefuse),
			"all of it by roles",
		)
	})
}
