//go:build unix

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrLocked is returned by TryLock while another process holds the lock.
var ErrLocked = errors.New("the lock is held by another process")

// lockPoll is how often Lock looks again. Locks here guard downloads and builds of seconds
// to minutes, so a quarter of a second is not felt.
const lockPoll = 250 * time.Millisecond

// A FileLock is an advisory lock between processes. The kernel releases it when its holder
// ends, so a killed holder leaves nothing to clean up; the file itself stays.
type FileLock struct{ f *os.File }

// TryLock takes the lock of the file at path, or returns ErrLocked at once.
func TryLock(path string) (*FileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &FileLock{f: f}, nil
}

// Lock waits until it holds the lock of the file at path, or until ctx ends.
func Lock(ctx context.Context, path string) (*FileLock, error) {
	for {
		l, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lock %s: %w", path, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

// Unlock releases the lock.
func (l *FileLock) Unlock() error { return l.f.Close() }
