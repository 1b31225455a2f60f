package upsert_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// cutter is a proxy that lets the server execute a statement, and then loses the reply.
type cutter struct {
	listener net.Listener
	server   string
	// cuts is how many more statements with the text lose their reply.
	cuts atomic.Int32
	text []byte
	wait sync.WaitGroup
}

func newCutter(t *testing.T, s *servers.Server, text string) *cutter {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{listener: l, server: s.Addr(), text: []byte(text)}
	c.wait.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			c.wait.Go(func() { c.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		c.wait.Wait()
	})
	return c
}

func (c *cutter) serve(client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", c.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var lose atomic.Bool
	c.wait.Go(func() { // replies
		defer func() { _ = client.Close() }()
		buf := make([]byte, 1<<16)
		for {
			n, err := server.Read(buf)
			if err != nil || lose.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	defer func() { _ = server.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], c.text) && c.cuts.Add(-1) >= 0 {
			lose.Store(true)
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

func (c *cutter) open(t *testing.T, s *servers.Server) *mysqldb.DB {
	t.Helper()
	dsn := strings.Replace(s.DSN(""), s.Addr(), c.listener.Addr().String(), 1)
	db, err := mysqldb.Open(t.Context(), dsn, mysqldb.Options{Role: mysqldb.Target, Name: "target"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestALostCommitReplyMakesCountersApproximate(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		proxy := newCutter(t, s, "COMMIT")
		w.Db = proxy.open(t, s)
		proxy.cuts.Store(1)
		res, err := w.Upsert(dbtest.Row(1, "a", nil), dbtest.Row(2, "b", nil))
		require.NoError(t, err)
		require.Equal(t, 2, res.Tries)
		require.True(t, res.Approximate)
		w.Holds("SELECT id, v FROM t ORDER BY id", "1|a", "2|b")

		proxy.cuts.Store(99)
		_, err = w.Upsert(dbtest.Row(3, "c", nil))
		require.ErrorIs(t, err, upsert.ErrOutcomeUnknown)
		require.True(t, mysqlerr.IsRetryable(err), "%v", err)
		w.Holds("SELECT COUNT(*) FROM t", "3")
	})
}

func TestALostConnectionInsideAChunkLeavesNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.MaxBatchRows = 1
		proxy := newCutter(t, s, "the second row")
		w.Db = proxy.open(t, s)
		proxy.cuts.Store(1)
		_, err := w.Upsert(dbtest.Row(1, "a", nil), dbtest.Row(2, "the second row", nil), dbtest.Row(3, "c", nil))
		require.True(t, mysqlerr.IsConnectionLost(err), "%v", err)
		require.NotErrorIs(t, err, upsert.ErrOutcomeUnknown)
		w.Holds("SELECT * FROM t")
		require.Eventually(t, func() bool { // the server may still hold the rows of the lost session
			_, err := w.Upsert(dbtest.Row(1, "a", nil), dbtest.Row(2, "x", nil), dbtest.Row(3, "c", nil))
			return err == nil
		}, dbtest.Soon, 10*time.Millisecond)
		w.Holds("SELECT COUNT(*) FROM t", "3")
	})
}

func TestBytesArriveWhateverFollowsWhat(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, b LONGBLOB, v LONGTEXT CHARACTER SET utf8mb4)")
		var pairs, text bytes.Buffer
		for a := range 256 {
			for b := range 256 {
				pairs.Write([]byte{byte(a), byte(b)})
			}
		}
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's bytes need be no secret
		for range 20000 {
			text.WriteRune([]rune("\x00'\"\\\n\r\x1a%_;`aß猫😀\u00a0")[random.IntN(16)])
		}
		w.Wrote(1, 0, 0, dbtest.Row(1, pairs.String(), text.String()))
		var b, v []byte
		query := "SELECT b, v FROM " + sqltext.Qualified(w.Spec.Target.Name)
		require.NoError(t, w.Db.QueryRowContext(t.Context(), query).Scan(&b, &v))
		require.True(t, bytes.Equal(pairs.Bytes(), b))
		require.Equal(t, text.String(), string(v))
	})
}

func TestCompositeKeysAreCountedByIndex(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, "(a VARCHAR(30) CHARACTER SET latin1, b BIGINT, c DATE, v INT, PRIMARY KEY (a, "+
			"b, c))")
		build := func(offset int) *table.Rows {
			rows := table.NewRows(4)
			for i := range 3000 {
				rows.Append(fmt.Appendf(nil, "key %d", i%50))
				rows.Append(fmt.Append(nil, i+offset))
				rows.Append([]byte("2024-01-01"))
				rows.Append([]byte("1"))
			}
			return rows
		}
		res, err := upsert.WriteChunk(t.Context(), w.Db, w.Spec, build(0), nil)
		require.NoError(t, err)
		require.Equal(t, int64(3000), res.Inserted)
		res, err = upsert.WriteChunk(t.Context(), w.Db, w.Spec, build(1000), nil)
		require.NoError(t, err)
		require.Equal(t, [3]int64{1000, 0, 2000}, [3]int64{res.Inserted, res.Updated, res.Unchanged})
		require.False(t, res.Approximate)
		require.Less(t, res.Seconds, 60.0)
	})
}
