package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A plan says before the first sweep that it would be held.
func TestAPlanWarnsOfASweepThatWouldBeHeld(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		held := func() (texts []string) {
			for _, f := range c.previewed().Findings {
				if f.Remedy == "remove them; or, where that is meant, set deletes.allowCascade" {
					texts = append(texts, f.Text)
				}
			}
			return texts
		}
		require.Empty(t, held())
		c.AtTarget("CREATE TRIGGER gone AFTER DELETE ON t FOR EACH ROW SET @gone = OLD.v")
		require.Len(t, held(), 1)
		require.Contains(t, held()[0], "deletes: sweeps will be held: a DELETE on ")
	})
}
