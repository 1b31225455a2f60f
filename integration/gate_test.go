package integration_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A gate holds up the target's inserts: a row waits until the test lets its hundred in. A run that
// is to be interrupted then is under way for sure, however slow the machine is.
type gate struct {
	t       *testing.T
	session *sql.Conn // holds a lock for each hundred that is closed
	schema  string
	closed  int // the lowest hundred that is closed
}

// hundreds are as many as a gate knows; rows above wait with the last.
const hundreds = 60

// closeGate lets rows of the target's tables in by their ids, none at first.
func (p *product) closeGate(tables ...string) {
	p.t.Helper()
	p.gate = &gate{t: p.t, session: session(p.t, p.dst), schema: p.to}
	for hundred := range hundreds {
		var got bool
		lock := fmt.Sprintf("SELECT GET_LOCK('%s.%d', 0)", p.to, hundred)
		require.NoError(p.t, p.gate.session.QueryRowContext(p.t.Context(), lock).Scan(&got))
		require.True(p.t, got)
	}
	for _, name := range tables {
		exec(p.t, p.dst, fmt.Sprintf(`CREATE TRIGGER gate_%s BEFORE INSERT ON %s FOR EACH ROW BEGIN
  DECLARE hundred VARCHAR(64) DEFAULT CONCAT('%s.', LEAST((NEW.id - 1) DIV 100, %d));
  SET @gate_%s = GET_LOCK(hundred, 600) + RELEASE_LOCK(hundred);
END`, name, name, p.to, hundreds-1, p.to))
	}
}

// waitForOne waits until a row is at the gate.
func (g *gate) waitForOne(p *product) {
	g.t.Helper()
	holds(g.t, p.dst, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SET @gate_"+g.schema+"%'")
}

// open lets the rows up to an id in.
func (g *gate) open(id int) {
	g.t.Helper()
	for ; g.closed < min(id/100, hundreds); g.closed++ {
		say(g.t, g.session, fmt.Sprintf("DO RELEASE_LOCK('%s.%d')", g.schema, g.closed))
	}
}

// release lets all rows in.
func (g *gate) release() {
	g.t.Helper()
	g.open(hundreds * 100)
}
