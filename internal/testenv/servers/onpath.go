package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tablehaul/tablehaul/internal/mysqldb/localserver"
)

// OnPath returns a folder with a script mariadbd that starts MariaDB, for programs that look for one on PATH.
func OnPath(tb testing.TB) (dir string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), startTimeout)
	defer cancel()
	b, err := localserver.Installed(ctx, FlavorMariaDB)
	if err != nil {
		b, err = fetched(ctx, FlavorMariaDB)
	}
	if err != nil {
		tb.Fatal(err)
	}
	argv := b.Argv()
	first := slices.Index(argv, "--no-defaults") // has to stay the first: what is after it goes behind the caller's
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\" %s\n", strings.Join(argv[:first], "' '"),
		strings.Join(argv[first+1:], " "))
	dir = tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mariadbd"), []byte(script), 0o755); err != nil {
		tb.Fatal(err)
	}
	// The server's account has to reach it.
	for parent := dir; strings.HasPrefix(parent, os.TempDir()+"/"); parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil { //nolint:gosec // see above
			tb.Fatal(err)
		}
	}
	return dir
}
