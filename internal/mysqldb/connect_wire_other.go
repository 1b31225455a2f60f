//go:build !linux

package mysqldb

import "syscall"

// controlSocket leaves the socket as it is: SilenceLimit alone tells a dead peer.
func controlSocket(_, _ string, _ syscall.RawConn) error { return nil }
