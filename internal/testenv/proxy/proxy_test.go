package proxy_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// through opens a pool of one connection through a proxy.
func through(t *testing.T, s *servers.Server) (*proxy.Proxy, *sql.DB) {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	schema := s.Schema(t)
	db, err := sql.Open("mysql", p.DSN(s.DSN(schema)))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return p, db
}

func exec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), query)
	require.NoError(t, err)
}

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t").Scan(&n))
	return n
}

func TestLargeValuesPassUnchangedInSlices(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p, db := through(t, s)
		p.Slice(1000)
		p.Delay(10 * time.Microsecond)
		text := strings.Repeat("0123456789abcdef", 20_000)
		var back string
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT '"+text+"'").Scan(&back))
		require.True(t, text == back)
		require.Equal(t, 1, p.Open())
	})
}

// A plain proxy knows nothing of packets: bytes pass in any portions, either way.
func TestPlainPassesAnyBytes(t *testing.T) {
	p := proxy.Plain(t, echo(t))
	p.Slice(3)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for _, text := range []string{"\xff\xff\xff\x00\x03SELECT", "a", "GET / HTTP/2\r\n\r\n"} {
		_, err := conn.Write([]byte(text))
		require.NoError(t, err)
		back := make([]byte, len(text))
		_, err = io.ReadFull(conn, back)
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	p.Cut()
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
}

// echo is the address of a server that answers with what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestLoseReplyExecutesAndCuts(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p, db := through(t, s)
		exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
		rule := p.LoseReply(1, "INSERT", 0)
		_, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		require.Error(t, err)
		require.Equal(t, 1, rule.Seen())
		require.Equal(t, 1, count(t, db))
		exec(t, db, "INSERT INTO t VALUES (2)")
		require.Equal(t, 2, count(t, db))
		require.Equal(t, 1, rule.Seen())
	})
}

func TestLoseRequestNeverReachesTheServerWhole(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p, db := through(t, s)
		exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
		p.LoseRequest(1, "INSERT", 10)
		_, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		require.Error(t, err)
		require.Zero(t, count(t, db))
	})
}

func TestHoldDeliversAfterTheClientHasGone(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p, db := through(t, s)
		exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
		rule := p.Hold(1, "INSERT")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			for rule.Seen() == 0 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
		}()
		_, err := db.ExecContext(ctx, "INSERT INTO t VALUES (1)")
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, count(t, db))
		rule.Release()
		require.Eventually(t, func() bool { return count(t, db) == 1 }, time.Minute, 10*time.Millisecond)
	})
}

func TestLateQueriesComeLater(t *testing.T) {
	p, db := through(t, servers.MySQL(t))
	rule := p.Late(1, "SELECT 7", 300*time.Millisecond)
	for i, least := range []time.Duration{300 * time.Millisecond, 0} {
		begun := time.Now()
		var n int
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT 7").Scan(&n))
		require.GreaterOrEqual(t, time.Since(begun), least, i)
	}
	require.Equal(t, 1, rule.Seen())
}

func TestHangStopsAndResumeGoesOn(t *testing.T) {
	p, db := through(t, servers.MySQL(t))
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	p.Hang()
	done := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	p.Resume()
	require.NoError(t, <-done)
	require.Equal(t, 1, count(t, db))
}

func TestCutAndRefuse(t *testing.T) {
	p, db := through(t, servers.MySQL(t))
	exec(t, db, "CREATE TABLE t (id INT PRIMARY KEY)")
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	p.Refuse(true)
	p.Cut()
	_, err = conn.ExecContext(t.Context(), "INSERT INTO t VALUES (1)")
	require.Error(t, err)
	require.Error(t, db.PingContext(t.Context()))
	p.Refuse(false)
	require.NoError(t, db.PingContext(t.Context()))
	require.Zero(t, count(t, db))
}

func TestBandwidthSlowsDown(t *testing.T) {
	p, db := through(t, servers.MySQL(t))
	require.NoError(t, db.PingContext(t.Context()))
	p.Bandwidth(100_000)
	began := time.Now()
	var back string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT REPEAT('x', 30000)").Scan(&back))
	require.Greater(t, time.Since(began), 250*time.Millisecond)
}
