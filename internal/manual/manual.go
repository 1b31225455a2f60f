package manual

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Command returns the hidden command `man FOLDER`, which writes a manual page of root and of each of its commands.
func Command(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "Write manual pages into a folder", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return write(root, args[0]) },
	}
}

// write gives the pages the date of SOURCE_DATE_EPOCH, so that two builds of one commit write the same bytes.
func write(root *cobra.Command, folder string) error {
	root.DisableAutoGenTag = true
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of manual pages: %w", err)
	}
	header := &doc.GenManHeader{Section: "1", Source: "Tablehaul", Manual: "Tablehaul"}
	if err := doc.GenManTree(root, header, folder); err != nil {
		return fmt.Errorf("write manual pages: %w", err)
	}
	return nil
}
