//go:build unix

package localserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// stopGrace is what a server gets for a clean shutdown where that matters; then it is killed.
const stopGrace = 5 * time.Second

// folderPrefix is what the names of servers' folders begin with.
const folderPrefix = "tablehaul-server"

// A local is a server process on this machine.
type local struct {
	cmd   []string // program and arguments, the same at every start
	env   []string // beside that of this process
	owner *owner
	dir   string // folder of ours: socket, log, and the data unless the caller named a folder
	// graceful is for a server whose data is kept, and for one that libfaketime keeps files in /dev/shm for.
	graceful bool
	child    *process.Child
}

// newLocal prepares a data folder and the command line; start runs it.
func newLocal(ctx context.Context, b Binary, port int, o Options) (_ *local, err error) {
	who, err := serverOwner()
	if err != nil {
		return nil, err
	}
	template, err := b.template(ctx, o.Cache, o.Args)
	if err != nil {
		return nil, err
	}
	dir, err := process.TempDirIn(cmp.Or(o.Base, os.TempDir()), folderPrefix)
	if err != nil {
		return nil, fmt.Errorf("make server folder: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := who.own(dir); err != nil {
		return nil, fmt.Errorf("give server folder to the server's account: %w", err)
	}
	data := o.DataDir
	if data == "" {
		data = filepath.Join(dir, "data")
	}
	if _, err := os.Stat(data); errors.Is(err, os.ErrNotExist) {
		if err := copyData(template, data, who); err != nil {
			return nil, fmt.Errorf("copy data folder: %w", err)
		}
	}
	cmd := append(b.Argv(),
		"--datadir="+data,
		"--port="+strconv.Itoa(port),
		"--socket="+filepath.Join(dir, "s"),
		"--pid-file="+filepath.Join(dir, "pid"),
		"--log-error="+filepath.Join(dir, "log"),
		"--bind-address=127.0.0.1",
		// MariaDB removes every "#sql…" file of its tmpdir when it starts, those of other servers
		// too, which then crash in ha_maria::drop_table.
		"--tmpdir="+dir,
		"--secure-file-priv="+dir)
	if b.flavor == FlavorMySQL {
		cmd = append(cmd, "--mysqlx=OFF")
	}
	return &local{
		cmd: append(cmd, serverArgs(b.flavor, o)...), env: o.Env, owner: who, dir: dir,
		graceful: o.DataDir != "" || o.Env != nil,
	}, nil
}

func (l *local) start(context.Context) error {
	cmd := exec.Command(l.cmd[0], l.cmd[1:]...)
	cmd.Dir, cmd.SysProcAttr = l.dir, l.owner.attr()
	cmd.Env = append(os.Environ(), l.env...)
	child, err := process.Start(cmd)
	if err != nil {
		return fmt.Errorf("start %s: %w", l.cmd[0], err)
	}
	l.child = child
	return nil
}

// ended returns an error with the last words of the server's log once the process is gone.
func (l *local) ended() error {
	select {
	case <-l.child.Done():
		return fmt.Errorf("the server ended by itself: %w: %s", errOrExit(l.child.Err()), l.lastWords())
	default:
		return nil
	}
}

var errExit = errors.New("exit code 0")

func errOrExit(err error) error {
	if err == nil {
		return errExit
	}
	return err
}

// lastWords are the log's last lines about errors, where a server says why it gave up.
func (l *local) lastWords() string {
	text, err := os.ReadFile(filepath.Join(l.dir, "log"))
	if err != nil {
		return "it left no log"
	}
	return errorLines(string(text))
}

// errorLines are the last lines of a server's log about errors, where there are any, else its last line.
func errorLines(log string) string {
	var last []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "ERROR") {
			last = append(last, strings.TrimSpace(line))
		}
	}
	if len(last) == 0 {
		return lastLine(log)
	}
	return strings.Join(last[max(0, len(last)-3):], "; ")
}

func (l *local) kill(context.Context) error   { return l.child.Kill() }
func (l *local) pause(context.Context) error  { return l.child.Signal(syscall.SIGSTOP) }
func (l *local) resume(context.Context) error { return l.child.Signal(syscall.SIGCONT) }

// peer is empty: every process here has the same network.
func (l *local) peer(context.Context) (string, error) { return "", nil }

func (l *local) stop(context.Context) error {
	end := l.child.Kill
	if l.graceful {
		end = func() error { return l.child.Stop(stopGrace) }
	}
	return errors.Join(end(), os.RemoveAll(l.dir))
}
