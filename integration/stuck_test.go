package integration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A first load by an integer begins, however long the lag that was set, and although some
// transaction is always open: it waits for the work that was open at its first look.
func TestAFirstLoadByAnIntegerBegins(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, options{source: s, tables: "- { name: FROM.lagging, target: TO.lagging, cursor: id, fixedLag: 8s }\n" +
			"- { name: FROM.busy, target: TO.busy, cursor: id }"})
		for _, name := range []string{"lagging", "busy"} {
			exec(t, p.src, fmt.Sprintf("CREATE TABLE %s (id INT AUTO_INCREMENT PRIMARY KEY, n INT)", name),
				fmt.Sprintf("INSERT INTO %s (n) VALUES (1), (2), (3)", name))
		}
		exec(t, p.src, "CREATE TABLE elsewhere (id INT PRIMARY KEY)")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{}, 2)
		for i := range 2 { // each is open for 8 s, and one begins every 4 s
			writer := session(t, p.src)
			say(t, writer, "BEGIN", fmt.Sprintf("INSERT INTO elsewhere VALUES (%d)", i))
			go func() {
				defer func() { ended <- struct{}{} }()
				first := time.Duration(1+i) * 4 * time.Second
				for n := 2 + i; pause(ctx, first); n += 2 {
					first = 8 * time.Second
					for _, q := range []string{"COMMIT", "BEGIN", fmt.Sprintf("INSERT INTO elsewhere VALUES (%d)", n)} {
						if _, err := writer.ExecContext(ctx, q); err != nil {
							return
						}
					}
				}
			}()
		}
		t.Cleanup(func() { stop(); <-ended; <-ended })

		lagging, busy := p.run("lagging"), p.run("busy")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("lagging")), activities.TypeSourceHeld, "a lag that was set", "by itself")
		p.waitFor(workflows.SyncTableID(p.queue, p.table("busy")), activities.TypeSourceHeld, "an open transaction", "by itself")
		for _, r := range []workflows.SyncTableResult{lagging(), busy()} {
			require.Equal(t, "3", r.Watermark)
			require.EqualValues(t, 3, r.Counts.Inserted)
		}
	})
}
