package integration_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// The grants of docs/security.md, word for word but for the names.
var (
	sourceGrants = []string{"SELECT ON FROM.t", "PROCESS ON *.*"}
	targetGrants = []string{"SELECT, INSERT, UPDATE ON TO.t"}
	// usefulGrants let the source's login see more than it has to.
	usefulGrants = []string{
		"SELECT ON performance_schema.*", "REPLICATION CLIENT ON *.*",
	}
	// replaceGrants are for uniqueConflicts: replace.
	replaceGrants = []string{"SELECT, INSERT, UPDATE, DELETE ON TO.t"}
	// createGrants let a run create its target, and widen it later.
	createGrants = []string{"SELECT, INSERT, UPDATE, CREATE, ALTER ON TO.t"}
	// stateGrants are for the state row.
	stateGrants = []string{"SELECT, INSERT, UPDATE, CREATE ON TO.tablehaul_state"}
)

// The grants tested here are the documented ones.
func TestGrantsAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/security.md")
	require.NoError(t, err)
	names := strings.NewReplacer("TO.tablehaul_state", "dw.tablehaul_state", "FROM.t", "shop.orders", "TO.t",
		"dw.orders")
	for user, lists := range map[string][][]string{
		"read":  {sourceGrants, usefulGrants},
		"write": {targetGrants, createGrants, replaceGrants, stateGrants, sweepGrants},
	} {
		for _, g := range slices.Concat(lists...) {
			require.Contains(t, string(text), "GRANT "+names.Replace(g)+" TO 'tablehaul_"+user+"'@'%';")
		}
	}
}

// login makes an account with exactly these grants and returns its DSN. FROM and TO stand for
// the schemas of p.
func (p *product) login(s *servers.Server, grants ...string) string {
	p.t.Helper()
	admin := s.DB(p.t, "")
	user, password := "th_"+strings.ToLower(rand.Text()[:10]), rand.Text()
	exec(p.t, admin, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", user, password))
	p.t.Cleanup(func() {
		cleaner, err := sql.Open("mysql", s.DSN(""))
		require.NoError(p.t, err)
		defer func() { require.NoError(p.t, cleaner.Close()) }()
		_, err = cleaner.Exec("DROP USER '" + user + "'@'%'") //nolint:noctx // the test's context is over
		require.NoError(p.t, err)
	})
	for _, g := range grants {
		exec(p.t, admin, fmt.Sprintf("GRANT %s TO '%s'@'%%'",
			strings.NewReplacer("FROM", p.from, "TO", p.to).Replace(g), user))
	}
	return fmt.Sprintf("%s:%s@tcp(%s)/", user, password, s.Addr())
}

// logins starts a product whose two logins have the given grants and nothing else. Rows are
// old enough to be read by the first run.
func logins(t *testing.T, s *servers.Server, o options, source, target []string, ddl ...string) *product {
	t.Helper()
	o.source, o.idle = s, true
	p := start(t, o)
	exec(t, p.src, createT, insertT(1, 50), "UPDATE t SET updated_at = '2024-01-01'")
	exec(t, p.dst, ddl...)
	o.sourceDSN, o.targetDSN = p.login(s, source...), p.login(s, target...)
	if o.tables == "" {
		o.tables = oneTable
	}
	p.writeConfig(o)
	p.startWorker()
	return p
}

// What docs/security.md asks for is enough, for everything that a run does.
func TestDocumentedGrantsAreEnough(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Run("the target exists", func(t *testing.T) {
			p := logins(t, s, options{}, sourceGrants, targetGrants, createT)
			require.EqualValues(t, 50, p.sync("t").Inserted)
			reader, err := sql.Open("mysql", p.login(s, usefulGrants...))
			require.NoError(t, err)
			scalar(t, reader, "SELECT COUNT(*) FROM performance_schema.events_transactions_current e JOIN "+
				"performance_schema.threads t ON t.THREAD_ID = e.THREAD_ID")
			require.NoError(t, reader.Close())
			exec(t, p.src, "UPDATE t SET n = -1 WHERE id < 9")
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
		})
		t.Run("the target is created and widened", func(t *testing.T) {
			p := logins(t, s, options{}, sourceGrants, createGrants)
			require.EqualValues(t, 50, p.sync("t").Inserted)
			exec(t, p.src, "ALTER TABLE t ADD COLUMN more VARCHAR(9) NOT NULL DEFAULT 'x', ADD KEY (more)",
				"UPDATE t SET more = 'y' WHERE id < 9")
			p.settled("t")
			p.equal("t", []string{"id"}, append(columnsT, "more")...)
		})
		t.Run("without PROCESS, with fixedLag", func(t *testing.T) {
			p := logins(t, s, options{defaults: ", fixedLag: 1s"}, sourceGrants[:1], targetGrants, createT)
			r := p.sync("t")
			require.EqualValues(t, 50, r.Inserted)
			require.Contains(t, strings.Join(r.Warnings, "\n"),
				"rows of transactions that last longer than 1s are lost")
		})
		t.Run("uniqueConflicts: replace", func(t *testing.T) {
			p := logins(t, s, options{defaults: ", uniqueConflicts: replace"}, sourceGrants, replaceGrants,
				strings.Replace(createT, "name VARCHAR(60) NOT NULL COMMENT 'who'", "name VARCHAR(60) NOT NULL UNIQUE",
					1))
			exec(t, p.src, "ALTER TABLE t ADD UNIQUE (name)")
			require.EqualValues(t, 50, p.sync("t").Inserted)
			exec(t, p.src, "UPDATE t SET name = '' WHERE id = 1", "UPDATE t SET name = 'name 1' WHERE id = 2",
				"UPDATE t SET name = 'name 2' WHERE id = 1")
			p.settled("t")
			p.equal("t", []string{"id"}, columnsT...)
		})
		t.Run("without PROCESS and without a cursor", func(t *testing.T) {
			p := logins(t, s, options{tables: "- { name: FROM.t, target: TO.t }"}, sourceGrants[:1], targetGrants,
				createT)
			require.EqualValues(t, 50, p.sync("t").Inserted)
			p.equal("t", []string{"id"}, columnsT...)
		})
	})
}

type grants = []string

const whole = "- { name: FROM.t, target: TO.t }"

// missingGrants are logins that lack one grant, and parts of what the failure says.
var missingGrants = map[string]struct {
	tables         string
	source, target grants
	// exists has the target made beforehand.
	exists bool
	parts  []string
}{
	"source nothing": {"", grants{"PROCESS ON *.*"}, targetGrants, true, []string{"GRANT SELECT"}},
	"source SELECT": {
		"",
		grants{"PROCESS ON *.*", "INSERT ON FROM.t"},
		targetGrants, true,
		[]string{"lacks SELECT on the source", "GRANT SELECT"},
	},
	"source SELECT, whole": {
		whole,
		grants{"INSERT ON FROM.t"},
		createGrants, false,
		[]string{"lacks SELECT on the source", "GRANT SELECT"},
	},
	"source SELECT of column": {
		"",
		grants{"PROCESS ON *.*", "SELECT (id, updated_at) ON FROM.t"},
		createGrants,
		false,
		[]string{"some columns only", "GRANT SELECT"},
	},
	"source PROCESS": {
		"", sourceGrants[:1], targetGrants, true,
		[]string{"GRANT PROCESS ON *.*", "fixedLag"},
	},
	"target nothing": {
		"", sourceGrants, nil, true,
		[]string{"CREATE DATABASE", "GRANT SELECT, INSERT, UPDATE, CREATE, ALTER ON"},
	},
	"target SELECT": {
		"", sourceGrants,
		grants{"INSERT, UPDATE ON TO.t"},
		true,
		[]string{"lacks SELECT on the target", "GRANT SELECT ON"},
	},
	"target INSERT": {
		"", sourceGrants,
		grants{"SELECT, UPDATE ON TO.t"},
		true,
		[]string{"lacks INSERT on the target", "GRANT INSERT ON"},
	},
	"target UPDATE": {
		"", sourceGrants,
		grants{"SELECT, INSERT ON TO.t"},
		true,
		[]string{"lacks UPDATE on the target", "GRANT UPDATE ON"},
	},
	"target UPDATE of column": {
		"", sourceGrants,
		grants{"SELECT, INSERT, UPDATE (n) ON TO.t"},
		true,
		[]string{"lacks UPDATE on the target"},
	},
	"target CREATE": {
		"", sourceGrants,
		grants{"SELECT, INSERT, UPDATE, ALTER ON TO.*"},
		false,
		[]string{"lacks CREATE on the target", "GRANT CREATE ON"},
	},
	"target DELETE": {
		"- { name: FROM.t, target: TO.t, cursor: updated_at, uniqueConflicts: replace }",
		sourceGrants, targetGrants, true,
		[]string{"lacks DELETE on the target", "GRANT DELETE ON"},
	},
	"target ALTER": {
		"", sourceGrants, targetGrants, true,
		[]string{"lacks ALTER on the target", "GRANT ALTER ON"},
	},
}

// Each grant that is missing is named before anything is written.
func TestMissingGrantsAreNamed(t *testing.T) {
	t.Parallel()
	for name, c := range missingGrants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				var ddl []string
				if c.exists {
					ddl = []string{createT}
				}
				if name == "target ALTER" {
					ddl = append(ddl, "ALTER TABLE t DROP COLUMN n")
				}
				p := logins(t, s, options{tables: c.tables}, c.source, c.target, ddl...)
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
				requireFailure(t, err, failure.UnsupportedTable, append(c.parts, p.table("t"))...)
				if !c.exists {
					p.requireNothingWritten()
					return
				}
				require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
			})
		})
	}
}
