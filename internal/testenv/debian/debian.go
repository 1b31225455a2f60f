package debian

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"strings"
)

//go:embed fetch.sh
var fetchScript []byte

// Packages are what to unpack.
type Packages struct {
	// Suite is a release of Debian, such as sid; empty is that of this machine.
	Suite string
	Names []string
	// Dependencies brings along all that the packages need, the C library included, as if nothing
	// were installed.
	Dependencies bool
	// Leave are patterns of file names (as in a shell) of packages that are not unpacked.
	Leave []string
}

// Unpack downloads packages and unpacks them below dir/root. An error is that of apt, or says
// that this is not Debian.
func Unpack(ctx context.Context, dir string, p Packages) error {
	args := []string{"-s", "--"}
	if p.Dependencies {
		args = append(args, "--with-dependencies")
	}
	for _, pattern := range p.Leave {
		args = append(args, "--leave", pattern)
	}
	cmd := exec.CommandContext(ctx, "bash", append(append(args, p.Suite, dir), p.Names...)...)
	cmd.Stdin = bytes.NewReader(fetchScript)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch Debian's packages: %w: %s", err, lastLines(string(out)))
	}
	return nil
}

func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}
