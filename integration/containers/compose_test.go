package containers

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
)

// composeTimeout bounds one command of compose. Images are not pulled within it.
const composeTimeout = 4 * time.Minute

// A system is what docker-compose.temporal.yml brings up, as a project of the test's own.
type system struct {
	t        *testing.T
	env      []string
	password string
}

// newSystem prepares a project whose ports are free ones. Its containers and volumes go when the
// test ends.
func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{t: t, password: rand.Text()}
	s.env = append(os.Environ(), "COMPOSE_PROJECT_NAME=tablehaul-test-"+strings.ToLower(rand.Text()[:8]),
		"COMPOSE_ENV_FILES=/dev/null", // not the .env of the person who runs the test
		"TEMPORAL_PORT=0", "TEMPORAL_UI_PORT=0", "SOURCE_PORT=0", "TARGET_PORT=0", "S3_PORT=0",
		"DATABASE_ROOT_PASSWORD="+s.password, "SOURCE_PASSWORD="+s.password, "TARGET_PASSWORD="+s.password,
		"S3_ACCESS_KEY=test", "S3_SECRET_KEY="+s.password)
	t.Cleanup(func() {
		out, err := s.compose(context.Background(), "--profile", "*", "down", "--volumes", "--timeout", "5")
		require.NoError(t, err, out)
	})
	return s
}

// compose runs one command and returns what it said.
func (s *system) compose(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, composeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", append([]string{
		"compose", "--progress", "plain", "-f",
		"docker-compose.temporal.yml",
	}, args...)...)
	cmd.Dir, cmd.Env = "../..", s.env
	out, err := cmd.CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// must runs a command that has to succeed.
func (s *system) must(args ...string) string {
	s.t.Helper()
	out, err := s.compose(s.t.Context(), args...)
	if err != nil {
		log, _ := s.compose(s.t.Context(), "logs", "--tail", "20") // it is for people
		require.NoError(s.t, err, "compose %s: %s\n%s", strings.Join(args, " "), out, log)
	}
	return out
}

// open connects to a service's published port as root.
func (s *system) open(service string) *sql.DB {
	s.t.Helper()
	address := s.must("port", service, "3306")
	require.True(s.t, strings.HasPrefix(address, "127.0.0.1:"), "%s is published at %s", service, address)
	db, err := sql.Open("mysql", fmt.Sprintf("root:%s@tcp(%s)/?multiStatements=true", s.password, address))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

func (s *system) exec(db *sql.DB, statement string) {
	s.t.Helper()
	_, err := db.ExecContext(s.t.Context(), statement)
	require.NoError(s.t, err, "%.200s", statement)
}

// otherStaging is where the second run of TestComposeFileBringsUpTheWholeSystem stages its files.
const otherStaging = "s3://tablehaul/staging?region=us-east-1&endpoint=http://s3:7070&pathStyle=true"

// TestComposeFileBringsUpTheWholeSystem follows the compose file's own instructions: up, a run, down, and up again on
// the same volumes with other staging, where the next run knows the watermark.
func TestComposeFileBringsUpTheWholeSystem(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	start := time.Now()
	s.must("--profile", "s3", "up", "--wait")
	up := time.Since(start)
	out := s.must("exec", "-T", "worker", "tablehaul", "run", "shop.orders")
	require.Contains(t, out, "first load")
	t.Logf("compose up: %.1f s; to the end of the first run of 5,000 rows: %.1f s", up.Seconds(),
		time.Since(start).Seconds())
	// the source goes on by itself
	source := s.open("source")
	require.Eventually(t, func() bool {
		var n int
		err := source.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM shop.orders").Scan(&n)
		return err == nil && n > 5000
	}, time.Minute, 200*time.Millisecond, "no order was added")
	require.Contains(t, s.must("exec", "-T", "worker", "tablehaul", "schedule", "apply", "--yes"), "shop.orders")

	s.must("--profile", "s3", "down", "--timeout", "20")
	s.env = append(s.env, "TABLEHAUL_STAGING="+otherStaging)
	s.must("--profile", "s3", "up", "--wait")
	source, target := s.open("source"), s.open("target")
	s.exec(source, "SET GLOBAL event_scheduler = OFF; UPDATE shop.orders SET status = 'sent' WHERE id % 100 = 0")
	require.Eventually(t, func() bool {
		out := s.must("exec", "-T", "worker", "tablehaul", "run", "shop.orders", "--if-busy", "wait")
		require.NotContains(t, out, "first load", "the watermark was lost")
		return s.equal(source, target)
	}, time.Minute, time.Second, "both sides differ")
}

func (s *system) equal(source, target *sql.DB) bool {
	s.t.Helper()
	report, err := compare.Tables(s.t.Context(), compare.Side{DB: source, Schema: "shop", Table: "orders"},
		compare.Side{DB: target, Schema: "dw", Table: "orders"},
		compare.Options{Key: []string{"id"}, Columns: []string{"customer", "status", "amount", "updated_at"}})
	require.NoError(s.t, err)
	require.GreaterOrEqual(s.t, report.Rows, int64(5000))
	return report.Equal()
}

// TestComposeFileWantsPasswords looks that nothing starts with a password that everybody knows.
func TestComposeFileWantsPasswords(t *testing.T) {
	for _, name := range []string{"DATABASE_ROOT_PASSWORD", "SOURCE_PASSWORD", "TARGET_PASSWORD"} {
		s := &system{t: t}
		for _, v := range []string{"DATABASE_ROOT_PASSWORD", "SOURCE_PASSWORD", "TARGET_PASSWORD"} {
			if v != name {
				s.env = append(s.env, v+"=x")
			}
		}
		for _, v := range []string{"PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG"} {
			s.env = append(s.env, v+"="+os.Getenv(v))
		}
		s.env = append(s.env, "COMPOSE_ENV_FILES=/dev/null")
		out, err := s.compose(t.Context(), "config", "--quiet")
		require.Error(t, err)
		require.Contains(t, out, name)
		require.Contains(t, out, "set it in the environment or in .env")
	}
}

// TestEverySettingOfAnImageCanBeOverridden also shows that the services behind profiles are valid.
func TestEverySettingOfAnImageCanBeOverridden(t *testing.T) {
	s := newSystem(t)
	var images []string
	for _, name := range []string{"TEMPORAL", "SOURCE", "TARGET", "WORKER", "S3", "PROMETHEUS", "GRAFANA"} {
		image := "example/" + strings.ToLower(name) + ":1"
		images = append(images, image)
		s.env = append(s.env, name+"_IMAGE="+image)
	}
	out := s.must("--profile", "*", "config", "--images")
	require.ElementsMatch(t, images, strings.Fields(out))
}
