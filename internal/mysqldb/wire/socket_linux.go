package wire

import (
	"strings"
	"syscall"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of Linux, in milliseconds.
const tcpUserTimeout = 0x12

// controlSocket bounds how long sent data may stay unacknowledged. The system sends no keepalive
// probes meanwhile, and its own limit is about a quarter of an hour.
func controlSocket(network, _ string, c syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var inner error
	err := c.Control(func(fd uintptr) {
		inner = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(peerLimit.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return inner
}
