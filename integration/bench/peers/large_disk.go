package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

const (
	// bytesPerRow is the room for a row: in both tables with their index, in the binary logs that are not purged yet,
	// and in the files of dlt.
	bytesPerRow = 600
	// serversBytes is what both servers take without a row: their redo and undo logs, and system tables.
	serversBytes = 1_000_000_000
	// diskPace is between two looks at the disk.
	diskPace = time.Second
	// lastRoom is the free room below which a part is ended.
	lastRoom = 2 << 30
	// purgePace is between two looks for binary logs that can go.
	purgePace = 20 * time.Second
)

// checkDisk says how much room all parts need, and refuses where there is less.
func (l *large) checkDisk() error {
	need := serversBytes + int64(l.rows)*bytesPerRow
	has := folderSize(l.kept)
	free, err := freeBytes(l.kept)
	if err != nil {
		return err
	}
	say(l.out, "%s rows, %s changes, on two servers of %s. All parts need %s of disk in %s; "+
		"%s are free there, and %s are used by what is kept.",
		scene.Number(int64(l.rows)), scene.Number(int64(l.changes)), l.flavor,
		gigabytes(need), l.kept, gigabytes(free), gigabytes(has))
	if free+has < need {
		return fmt.Errorf("the disk has too little room: %s is short of %s. Give ROWS=%d or fewer, or name a folder "+
			"of another disk by TABLEHAUL_TEST_CACHE", gigabytes(free+has), gigabytes(need), fits(free+has))
	}
	return nil
}

// fits is the number of rows, in thousands, for which the room is enough.
func fits(room int64) int64 { return max(0, room-serversBytes) / bytesPerRow / 1000 * 1000 }

func gigabytes(n int64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }

// freeBytes is the free room of the disk that a folder is on, or will be on.
func freeBytes(dir string) (int64, error) {
	for {
		var s syscall.Statfs_t
		err := syscall.Statfs(dir, &s)
		if err == nil {
			return int64(s.Bavail) * s.Bsize, nil //nolint:gosec // no disk has that many blocks
		}
		if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir = parent
			continue
		}
		return 0, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
}

// folderSize is what a folder's files take on the disk, as far as they can be seen: they come and go meanwhile.
func folderSize(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // see above
		}
		if info, err := d.Info(); err == nil {
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				sum += stat.Blocks * 512
			}
		}
		return nil
	})
	return sum
}

// watchStaging measures what a tool keeps beside the two tables: its files, and schemas of its own on the target. The
// returned function ends it and says the peak in bytes.
func (a *arena) watchStaging() (stop func() int64) {
	folders := []string{a.work}
	for _, schema := range leftBehind {
		if schema != "shop" {
			folders = append(folders, filepath.Join(a.Kept("target"), schema))
		}
	}
	return watchPeak(diskPace, func() (sum int64) {
		for _, dir := range folders {
			sum += folderSize(dir)
		}
		return sum
	})
}

// tidy purges binary logs while parts run, as the server does by itself after 30 days, and ends the context when the
// disk is nearly full. stop ends it.
func (l *large) tidy(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(diskPace)
		defer tick.Stop()
		var purged time.Time
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if free, err := freeBytes(l.kept); err == nil && free < lastRoom {
					cancel(fmt.Errorf("the disk is nearly full: %s are free", gigabytes(free)))
				}
				if now.Sub(purged) > purgePace {
					purged = now
					// One that is in use stays. A server without binary logs refuses.
					_, _ = l.a.SourceDB.ExecContext(ctx, "PURGE BINARY LOGS BEFORE NOW()")
					_, _ = l.a.TargetDB.ExecContext(ctx, "PURGE BINARY LOGS BEFORE NOW()")
				}
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// cleanLarge removes what bench-large keeps, and says what it was.
func cleanLarge(_ context.Context, _ func(string) string, out io.Writer) error {
	dir, err := largeFolder()
	if err != nil {
		return err
	}
	size := folderSize(dir)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	say(out, "removed: %s (%s)", dir, gigabytes(size))
	return nil
}
