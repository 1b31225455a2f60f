package line_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bench/line"
)

func TestABrokenLineKeepsWhatItHas(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close() //nolint:errcheck // the test is over
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
		}
	}()
	const delay = 5 * time.Millisecond // each direction
	l, err := line.Lay(t.Context(), listener.Addr().String(), delay)
	require.NoError(t, err)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Address())
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // the test is over
	echo := func(text string) {
		back := make([]byte, len(text))
		_, err := io.ReadFull(conn, back)
		require.NoError(t, err)
		require.Equal(t, text, string(back))
	}
	began := time.Now()
	_, err = conn.Write([]byte("first"))
	require.NoError(t, err)
	echo("first")
	require.GreaterOrEqual(t, time.Since(began), 2*delay)

	l.SetCommitDelay(50 * time.Millisecond)
	const commit = "\x07\x00\x00\x00\x03COMMIT"
	began = time.Now()
	_, err = conn.Write([]byte(commit))
	require.NoError(t, err)
	echo(commit)
	require.GreaterOrEqual(t, time.Since(began), 2*delay+50*time.Millisecond)
	l.SetCommitDelay(0)

	l.Break()
	_, err = conn.Write([]byte("second"))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Time{}))
	l.Mend()
	echo("second")
}
