//go:build unix

package localserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// A Flavor is one of the two kinds of server that Tablehaul supports.
type Flavor string

// The flavors; their texts are the names of initialised data folders.
const (
	FlavorMySQL   Flavor = "mysql"
	FlavorMariaDB Flavor = "mariadb"
)

// A Binary is a server program on this machine and how to run it.
type Binary struct {
	flavor  Flavor
	version string   // as the server prints it, such as 10.11.19-MariaDB-0+deb12u1
	command []string // the program, after its loader where it was unpacked from packages
	root    string   // the folder of unpacked packages; empty for an installed server
	origin  string   // for people: where it was found
}

// args are the arguments that every start of the program needs, for any task.
func (b Binary) args() []string {
	a := append([]string{}, b.command[1:]...)
	a = append(a, "--no-defaults")
	if b.root == "" {
		return a
	}
	share := b.shareDir()
	return append(a,
		"--basedir="+filepath.Join(b.root, "usr"),
		"--lc-messages-dir="+share,
		"--character-sets-dir="+filepath.Join(share, "charsets"),
		"--plugin-dir="+filepath.Join(b.root, "usr/lib/mysql/plugin"))
}

// shareDir is where unpacked packages keep messages, character sets and SQL scripts.
func (b Binary) shareDir() string {
	for _, name := range []string{"mysql", "mariadb"} {
		dir := filepath.Join(b.root, "usr/share", name)
		if _, err := os.Stat(filepath.Join(dir, "charsets")); err == nil {
			return dir
		}
	}
	return filepath.Join(b.root, "usr/share/mysql")
}

// Argv is the program with the arguments of every start. --no-defaults is the first of those of the server.
func (b Binary) Argv() []string { return append([]string{b.command[0]}, b.args()...) }

var versionText = regexp.MustCompile(`Ver (\S+)`)

// probe asks the program for its version. The name of a server says nothing about its
// flavor: on Debian with MariaDB, mysqld is a link to mariadbd.
func (b Binary) probe(ctx context.Context) (Binary, error) {
	out, err := exec.CommandContext(ctx, b.command[0], append(b.args(), "--version")...).CombinedOutput()
	if err != nil {
		return b, fmt.Errorf("%s --version: %w: %s", b.command[len(b.command)-1], err, firstLine(string(out)))
	}
	m := versionText.FindStringSubmatch(string(out))
	if m == nil {
		return b, fmt.Errorf("%s --version: no version in %q", b.command[len(b.command)-1], firstLine(string(out)))
	}
	b.version, b.flavor = m[1], FlavorMySQL
	if strings.Contains(string(out), "MariaDB") {
		b.flavor = FlavorMariaDB
	}
	return b, nil
}

// Installed looks for the flavor's server on PATH and where distributions put daemons.
func Installed(ctx context.Context, f Flavor) (Binary, error) {
	names := []string{"mysqld"}
	if f == FlavorMariaDB {
		names = []string{"mariadbd", "mysqld"}
	}
	dirs := append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin", "/usr/libexec",
		"/usr/local/mysql/bin")
	for _, name := range names {
		for _, dir := range dirs {
			path := filepath.Join(dir, name)
			if _, err := exec.LookPath(path); err != nil {
				continue
			}
			b, err := Binary{command: []string{path}, origin: path}.probe(ctx)
			if err == nil && b.flavor == f {
				return b, nil
			}
		}
	}
	return Binary{}, fmt.Errorf("no %s server on PATH", f)
}

// Unpacked describes the server in a folder that packages of a distribution were unpacked into. It runs through the
// loader beside it, as its C library may be newer than the machine's.
func Unpacked(ctx context.Context, f Flavor, root string) (Binary, error) {
	var server string
	for _, name := range []string{"mariadbd", "mysqld"} {
		path := filepath.Join(root, "usr/sbin", name)
		if _, err := os.Stat(path); err == nil {
			server = path
			break
		}
	}
	loaders, err := filepath.Glob(filepath.Join(root, "*/lib*/*/ld-linux*.so.*"))
	if err != nil {
		return Binary{}, err
	}
	more, err := filepath.Glob(filepath.Join(root, "lib*/*/ld-linux*.so.*"))
	if err != nil {
		return Binary{}, err
	}
	loaders = append(loaders, more...)
	if server == "" || len(loaders) == 0 {
		return Binary{}, errors.New("the unpacked packages hold no server or no loader")
	}
	multiarch := filepath.Base(filepath.Dir(loaders[0]))
	libs := filepath.Join(root, "usr/lib", multiarch) + ":" + filepath.Join(root, "lib", multiarch)
	b := Binary{
		command: []string{loaders[0], "--library-path", libs, server}, root: root,
		origin: "Debian's packages in " + root,
	}
	b, err = b.probe(ctx)
	if err == nil && b.flavor != f {
		err = fmt.Errorf("the unpacked packages hold %s, not %s", b.flavor, f)
	}
	return b, err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
