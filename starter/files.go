package main

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
)

// filesText says what a run loads of a table of files.
func filesText(f *api.FilesRead) string {
	text := fmt.Sprintf("%s: %s, %s", human.Count(f.Loads, "load"), human.Count(f.Files, "file"), human.Size(f.Bytes))
	if f.Loads == 0 {
		text = "nothing new"
	}
	if f.Ignored > 0 {
		text += fmt.Sprintf("; %s without its maker's mark ignored", human.Count(f.Ignored, "load"))
	}
	return text
}
