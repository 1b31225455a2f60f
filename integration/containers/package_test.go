package containers

import (
	"context"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/exec"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/tablehaul/tablehaul/integration/compare"
)

// releaseTimeout bounds one make dist of one processor, whose modules are compiled already.
const releaseTimeout = 10 * time.Minute

const defaultDebian = "localhost/tablehaul/debian"

// release makes a release's packages and returns their folder. It asks no registry.
func release(t *testing.T, version, formats string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), releaseTimeout)
	defer cancel()
	dir := t.TempDir()
	cmd := osexec.CommandContext(ctx, "tools/dist/build.sh", dir)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "VERSION="+version, "TARGETS=linux/amd64", "FORMATS="+formats,
		"GOPROXY=off", "GOFLAGS=-mod=readonly")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

// A machine is a bare Debian with systemd.
type machine struct {
	t *testing.T
	testcontainers.Container
}

func (w *world) machine(copied ...string) *machine {
	w.t.Helper()
	var files []testcontainers.ContainerFile
	for _, file := range copied {
		files = append(files, testcontainers.ContainerFile{
			HostFilePath: file, ContainerFilePath: "/root/" + filepath.Base(file), FileMode: 0o644,
		})
	}
	c := w.run(image("DEBIAN_IMAGE", defaultDebian), "machine",
		testcontainers.WithFiles(files...),
		testcontainers.WithHostConfigModifier(func(h *container.HostConfig) {
			h.Privileged = true
			h.Tmpfs = map[string]string{"/run": "", "/tmp": ""}
		}),
		testcontainers.WithWaitStrategyAndDeadline(startTimeout,
			wait.ForExec([]string{"systemctl", "is-system-running", "--wait"}).WithPollInterval(200*time.Millisecond)))
	return &machine{w.t, c}
}

// try runs a script and returns its exit code and output.
func (m *machine) try(script string) (int, string) {
	m.t.Helper()
	code, out, err := m.Exec(m.t.Context(), []string{"bash", "-c", "cd /root; " + script}, exec.Multiplexed())
	require.NoError(m.t, err)
	text, err := io.ReadAll(out)
	require.NoError(m.t, err)
	return code, string(text)
}

// sh runs a script that has to succeed.
func (m *machine) sh(script string) string {
	m.t.Helper()
	code, out := m.try(script)
	if code != 0 {
		_, log := m.try("journalctl --no-pager -n 20 -u tablehaul-standalone -u tablehaul-worker")
		require.Zero(m.t, code, "%s: %s\n%s", script, out, log)
	}
	return out
}

// answers waits until a script succeeds.
func (m *machine) answers(script string) {
	m.t.Helper()
	last := ""
	require.Eventually(m.t, func() bool {
		code, out := m.try(script)
		last = out
		return code == 0
	}, runTimeout, 300*time.Millisecond, "%s", &last)
}

const packageConfig = `connections:
  source: { dsn: "${SOURCE_DSN}", tls: required }
  target: { dsn: "${TARGET_DSN}", tls: required }
staging: { url: file:///var/lib/tablehaul/staging }
defaults: { sourceConnection: source, targetConnection: target, overlap: 2s, minLag: 0s,
  tuning: { chunkRows: 100, rangeRows: 1000, chunksInFlight: 2, rangesInFlight: 2 } }
tables:
  - { name: shop.t, target: dw.t, cursor: updated_at }
`

// TestThePackageOnABareDebian installs the .deb, starts its unit, loads a table, upgrades while a run is in flight,
// and removes it.
func TestThePackageOnABareDebian(t *testing.T) {
	t.Parallel()
	first, second := release(t, "v0.0.1", "deb"), release(t, "v0.0.2", "deb")
	w := newWorld(t)
	d := w.database(image("SOURCE_IMAGE", strings.Fields(defaultDatabases)[0]), "db")
	w.exec(d, fmt.Sprintf(createT, "shop"), fmt.Sprintf(fillT, "shop"), "CREATE DATABASE dw")
	m := w.machine(filepath.Join(first, "tablehaul_0.0.1_amd64.deb"),
		filepath.Join(second, "tablehaul_0.0.2_amd64.deb"))
	require.NoError(t, m.CopyToContainer(t.Context(), []byte(packageConfig), "/root/tablehaul.yaml", 0o644))

	m.sh("dpkg -i tablehaul_0.0.1_amd64.deb")
	require.Contains(t, m.sh("tablehaul version"), "tablehaul v0.0.1 (commit ")
	require.Equal(t, "640 root tablehaul\n", m.sh("stat -c '%a %U %G' /etc/tablehaul/environment"))
	for _, file := range []string{
		"man/man1/tablehaul-status.1.gz", "man/man1/tablehaul-standalone.1.gz", "bash-completion/completions/tablehaul",
		"zsh/site-functions/_tablehaul", "fish/vendor_completions.d/tablehaul.fish", "doc/tablehaul/LICENSE",
	} {
		m.sh("test -s /usr/share/" + file)
	}
	dsn := fmt.Sprintf("root:%s@tcp(db:3306)/", d.password)
	m.sh("cp tablehaul.yaml /etc/tablehaul/")
	m.sh(fmt.Sprintf(`printf "SOURCE_DSN='%%s'\nTARGET_DSN='%%s'\n" '%s' '%[1]s' >> /etc/tablehaul/environment`, dsn))
	m.sh("systemd-analyze verify --man=no tablehaul-standalone.service tablehaul-worker.service")
	m.sh("systemctl enable --now tablehaul-standalone")
	m.answers("tablehaul status")
	require.Contains(t, m.sh("tablehaul run shop.t"), "4,096 inserted")
	require.True(t, w.copied(d))

	w.exec(d, strings.Replace(slowTarget, "INSERT", "UPDATE", 1),
		"UPDATE shop.t SET name = CONCAT('new ', id)")
	m.sh("tablehaul run shop.t --no-wait")
	renewed := "SELECT COUNT(*) FROM dw.t WHERE name LIKE 'new %'"
	require.Eventually(t, func() bool { return count(t, d, renewed) >= 200 }, runTimeout, 20*time.Millisecond)
	m.sh("dpkg -i tablehaul_0.0.2_amd64.deb")
	require.Less(t, count(t, d, renewed), 4096, "the run was over before the upgrade")
	m.answers("/proc/$(systemctl show -p MainPID --value tablehaul-standalone)/exe --version | grep -F v0.0.2")
	m.answers("tablehaul status shop.t --follow")
	require.Eventually(t, func() bool { return count(t, d, renewed) == 4096 }, runTimeout, 100*time.Millisecond)
	require.True(t, w.copied(d))
	history := m.sh("tablehaul history shop.t --output json")
	require.Equal(t, 2, strings.Count(history, `"outcome":"done"`), history)
	require.Equal(t, 2, strings.Count(history, "\n"), history)

	// The other unit takes over, for a Temporal that is there.
	m.sh("echo TEMPORAL_ADDRESS=temporal:7233 >> /etc/tablehaul/environment; systemctl start tablehaul-worker")
	m.answers("systemctl is-active tablehaul-worker && ! systemctl is-active tablehaul-standalone")
	m.answers("TEMPORAL_ADDRESS=temporal:7233 tablehaul run shop.t")

	m.sh("dpkg -r tablehaul")
	m.sh("! systemctl is-active tablehaul-worker tablehaul-standalone")
	m.sh("! command -v tablehaul && test -d /var/lib/tablehaul/temporal && test -e /etc/tablehaul/tablehaul.yaml")
	m.sh("dpkg -P tablehaul && ! test -e /var/lib/tablehaul && ! test -e /etc/tablehaul/environment")
}

func count(t *testing.T, d *database, query string) (n int) {
	t.Helper()
	require.NoError(t, d.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// copied reports whether dw.t has the rows of shop.t.
func (w *world) copied(d *database) bool {
	w.t.Helper()
	report, err := compare.Tables(w.t.Context(), compare.Side{DB: d.DB, Schema: "shop", Table: "t"},
		compare.Side{DB: d.DB, Schema: "dw", Table: "t"}, compare.Options{Key: []string{"id"}, Columns: columnsT})
	require.NoError(w.t, err)
	require.EqualValues(w.t, 4096, report.Rows)
	return report.Equal()
}

// TestTwoBuildsOfAReleaseHaveTheSameBytes also installs the .rpm, and looks at the archive.
func TestTwoBuildsOfAReleaseHaveTheSameBytes(t *testing.T) {
	t.Parallel()
	first, second := release(t, "v0.0.1", "tar.gz deb rpm"), release(t, "v0.0.1", "tar.gz deb rpm")
	sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	require.NoError(t, err)
	again, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(sums), string(again))
	for _, name := range []string{
		"tablehaul_0.0.1_linux_amd64.tar.gz", "tablehaul_0.0.1_amd64.deb", "tablehaul-0.0.1-1.x86_64.rpm",
		"tablehaul_0.0.1_linux_amd64.cdx.json", "tablehaul-standalone_0.0.1_linux_amd64.cdx.json",
	} {
		require.Contains(t, string(sums), name)
	}
	w := newWorld(t)
	m := w.machine(filepath.Join(first, "tablehaul-0.0.1-1.x86_64.rpm"),
		filepath.Join(first, "tablehaul_0.0.1_linux_amd64.tar.gz"))
	m.sh("rpm -K tablehaul-0.0.1-1.x86_64.rpm && rpm -i --nodeps tablehaul-0.0.1-1.x86_64.rpm")
	require.Contains(t, m.sh("tablehaul-worker --version && getent passwd tablehaul"), "v0.0.1")
	m.sh("systemctl cat tablehaul-worker && rpm -e tablehaul && ! command -v tablehaul")
	m.sh("tar xzf tablehaul_0.0.1_linux_amd64.tar.gz && tablehaul_0.0.1_linux_amd64/bin/tablehaul-standalone --version")
}
