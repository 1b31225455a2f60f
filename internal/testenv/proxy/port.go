package proxy

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Port of 127.0.0.1 is the test's own: no other program gets it. It refuses connections until Listen.
type Port struct {
	// Addr is host:port.
	Addr   string
	socket *os.File
}

// Reserve takes a port until the test ends. A port that was found free, and is bound later, may have been taken
// meanwhile.
func Reserve(tb testing.TB) *Port {
	tb.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(tb, err)
	p := &Port{socket: os.NewFile(uintptr(fd), "reserved port")}
	tb.Cleanup(func() { _ = p.socket.Close() })
	require.NoError(tb, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := syscall.Getsockname(fd)
	require.NoError(tb, err)
	p.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(at.(*syscall.SockaddrInet4).Port))
	return p
}

// Listen makes the port accept connections until the test ends.
func (p *Port) Listen(tb testing.TB) net.Listener {
	tb.Helper()
	require.NoError(tb, syscall.Listen(int(p.socket.Fd()), syscall.SOMAXCONN))
	l, err := net.FileListener(p.socket)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = l.Close() })
	return l
}
