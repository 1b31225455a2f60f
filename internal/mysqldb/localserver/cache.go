//go:build unix

package localserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tablehaul/tablehaul/internal/process"
)

// Cached returns the folder name below cache, made by fill on first use. Only one
// process fills it, the others wait; a fill that fails leaves nothing behind.
func Cached(ctx context.Context, cache, name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(cache, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	lock, err := process.Lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", fmt.Errorf("clear half-made cache folder: %w", err)
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	if err := fill(tmp); err != nil {
		_ = os.RemoveAll(tmp)
		return "", err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", fmt.Errorf("publish cache folder: %w", err)
	}
	return dir, nil
}
