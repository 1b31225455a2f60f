//go:build unix

package process

import "syscall"

// PrivateFiles leaves every file that this process makes from now on to its own user.
func PrivateFiles() { syscall.Umask(0o077) }
