//go:build unix

package localserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// rootEverywhere lets root log in over TCP; the servers' own defaults allow only the
// socket, or depend on how the machine resolves 127.0.0.1.
const rootEverywhere = "CREATE USER IF NOT EXISTS 'root'@'%';\nGRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT " +
	"OPTION;\n"

// An owner is the account that a server runs as; nil means our own.
type owner struct{ uid, gid int }

// serverOwner is nobody when we are root: servers refuse to run as root, and a test that
// depends on it would fail elsewhere.
func serverOwner() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("find the account that servers run as: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, fmt.Errorf("user id of nobody: %w", err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, fmt.Errorf("group id of nobody: %w", err)
	}
	return &owner{uid: uid, gid: gid}, nil
}

func (o *owner) own(path string) error {
	if o == nil {
		return nil
	}
	return os.Chown(path, o.uid, o.gid)
}

func (o *owner) attr() *syscall.SysProcAttr {
	if o == nil {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}}
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// template returns a data folder as the server leaves it after its first initialisation.
// Copying it makes a fresh server in about a second where initialising takes several.
//
// MySQL keeps lower_case_table_names for life: such folders are of their own.
func (b Binary) template(ctx context.Context, cache string, serverArgs []string) (string, error) {
	name := "data-" + string(b.flavor) + "-" + unsafeInName.ReplaceAllString(b.version, "_")
	var forLife []string
	for _, arg := range serverArgs {
		if b.flavor == FlavorMySQL && strings.HasPrefix(arg, "--lower-case-table-names=") {
			forLife = append(forLife, arg)
			name += "-" + unsafeInName.ReplaceAllString(arg, "_")
		}
	}
	return Cached(ctx, cache, name, func(dir string) error {
		o, err := serverOwner()
		if err != nil {
			return err
		}
		if err := o.own(dir); err != nil {
			return fmt.Errorf("give data folder to the server's account: %w", err)
		}
		if b.flavor == FlavorMySQL {
			return b.initialiseMySQL(ctx, o, dir, forLife)
		}
		return b.initialiseMariaDB(ctx, o, dir)
	})
}

func (b Binary) initialiseMySQL(ctx context.Context, o *owner, dir string, args []string) error {
	init, err := os.CreateTemp("", "tablehaul-init-*.sql")
	if err != nil {
		return fmt.Errorf("write first statements: %w", err)
	}
	defer func() { _ = os.Remove(init.Name()) }()
	if _, err := init.WriteString(rootEverywhere); err != nil {
		return fmt.Errorf("write first statements: %w", err)
	}
	if err := init.Close(); err != nil {
		return fmt.Errorf("write first statements: %w", err)
	}
	if err := o.own(init.Name()); err != nil {
		return fmt.Errorf("write first statements: %w", err)
	}
	return b.initialise(ctx, o, nil, append([]string{
		"--initialize-insecure", "--datadir=" + dir,
		"--init-file=" + init.Name(),
	}, args...)...)
}

// initialiseMariaDB does what mariadb-install-db does, without needing that script, which
// distributions put into a package of its own.
func (b Binary) initialiseMariaDB(ctx context.Context, o *owner, dir string) error {
	share, err := b.mariaDBScripts(ctx)
	if err != nil {
		return err
	}
	var sql bytes.Buffer
	sql.WriteString("use mysql;\nset @auth_root_socket=NULL;\n")
	for _, name := range []string{
		"system_tables.sql", "performance_tables.sql", "system_tables_data.sql",
		"sys_schema.sql",
	} {
		text, err := os.ReadFile(filepath.Join(share, "mysql_"+name))
		if os.IsNotExist(err) {
			text, err = os.ReadFile(filepath.Join(share, "mariadb_"+name)) // the name since 11.x
		}
		if err != nil {
			return fmt.Errorf("read system tables: %w", err)
		}
		sql.Write(text)
		sql.WriteString("\n")
	}
	sql.WriteString("flush privileges;\n" + rootEverywhere)
	// bootstrap mode cannot create a database, but an empty folder is one
	if err := os.Mkdir(filepath.Join(dir, "mysql"), 0o750); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	if err := o.own(filepath.Join(dir, "mysql")); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return b.initialise(ctx, o, &sql, "--bootstrap", "--datadir="+dir, "--max_allowed_packet=64M")
}

func (b Binary) mariaDBScripts(ctx context.Context) (string, error) {
	dirs := []string{b.shareDir()}
	if b.root == "" {
		out, err := exec.CommandContext(ctx, b.command[0], "--no-defaults", "--verbose", "--help").Output()
		if err != nil {
			return "", fmt.Errorf("ask %s for its folders: %w", b.command[0], err)
		}
		dirs = append(dirs, foldersIn(string(out))...)
	}
	for _, dir := range dirs {
		for _, name := range []string{"mysql_system_tables.sql", "mariadb_system_tables.sql"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return dir, nil
			}
		}
	}
	return "", fmt.Errorf("the SQL scripts of %s are in none of %s", b.origin, strings.Join(dirs, ", "))
}

// foldersIn picks the folders that may hold SQL scripts from the server's list of settings.
func foldersIn(help string) []string {
	dirs := []string{"/usr/share/mysql", "/usr/share/mariadb"}
	for line := range strings.Lines(help) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		switch f[0] {
		case "basedir":
			dirs = append(dirs, filepath.Join(f[1], "share/mysql"), filepath.Join(f[1], "share/mariadb"),
				filepath.Join(f[1], "share"))
		case "lc-messages-dir":
			dirs = append(dirs, f[1])
		}
	}
	return dirs
}

func (b Binary) initialise(ctx context.Context, o *owner, stdin io.Reader, args ...string) error {
	cmd := exec.CommandContext(ctx, b.command[0], append(b.args(), args...)...)
	cmd.Stdin, cmd.SysProcAttr = stdin, o.attr()
	cmd.Dir = os.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initialise a data folder of %s: %w: %s", b.origin, err, errorLines(string(out)))
	}
	return nil
}

// copyData copies a template to dir, which must not exist, and gives it to the server. The file
// that holds a MySQL server's own identity stays behind: replicas refuse a source of the same.
func copyData(template, dir string, o *owner) error {
	return filepath.WalkDir(template, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(template, path)
		if err != nil || rel == "auto.cnf" {
			return err
		}
		to := filepath.Join(dir, rel)
		switch {
		case d.IsDir():
			err = os.Mkdir(to, 0o750)
		case d.Type().IsRegular():
			err = copyFile(path, to)
		default:
			return nil // a socket that the initialisation left
		}
		if err != nil {
			return err
		}
		return o.own(to)
	})
}

// copyFile leaves holes where the file holds zeros only, as most of a fresh server's logs do.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if err := copySparse(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

func copySparse(out *os.File, in io.Reader) error {
	block, zeros := make([]byte, 64<<10), make([]byte, 64<<10)
	var size int64
	for {
		n, err := io.ReadFull(in, block)
		if n > 0 && !bytes.Equal(block[:n], zeros[:n]) {
			if _, err := out.WriteAt(block[:n], size); err != nil {
				return err
			}
		}
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return out.Truncate(size)
		case err != nil:
			return err
		}
	}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
