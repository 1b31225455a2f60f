package manual

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestManWritesAPageForEachCommandTheSameEachTime(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1750000000")
	page := func(dir string) string {
		root := &cobra.Command{Use: "prog", Short: "A program", Run: func(*cobra.Command, []string) {}}
		root.AddCommand(&cobra.Command{Use: "do THING", Short: "Do a thing", Run: func(*cobra.Command, []string) {}},
			Command(root))
		root.SetArgs([]string{"man", dir})
		require.NoError(t, root.ExecuteContext(t.Context()))
		require.NoFileExists(t, filepath.Join(dir, "prog-man.1"), "a hidden command has no page")
		text, err := os.ReadFile(filepath.Join(dir, "prog-do.1"))
		require.NoError(t, err)
		return string(text)
	}
	first := page(filepath.Join(t.TempDir(), "man"))
	require.Contains(t, first, "Do a thing")
	require.Contains(t, first, "Jun 2025")
	require.Equal(t, first, page(t.TempDir()))
}
