package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"go.temporal.io/server/common/headers"

	"github.com/tablehaul/tablehaul/internal/folder"
	"github.com/tablehaul/tablehaul/internal/process"
)

// maxLogBytes is how large the server's log may be at a start; then it is put aside once.
// At level warn a month of ordinary use stays far below.
const maxLogBytes = 16 << 20

// defaultDataDir is the user's folder for application data, by the platform's convention.
func defaultDataDir(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "tablehaul")
	}
	if runtime.GOOS != "linux" {
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "tablehaul")
		}
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "tablehaul")
	}
	return "tablehaul-data"
}

// A running says where the server of a data folder can be reached.
type running struct {
	Address string `json:"address"` // host:port of the Temporal server
	UIURL   string `json:"uiURL"`   // of the Web UI
	PID     int    `json:"pid"`
}

// A dataDir is a data folder that this process holds.
type dataDir struct {
	database string // SQLite file
	log      string // the server's log
	state    string // file with a running, for a program that finds the folder locked
	warning  string // what a person should know of the folder; "" for nothing
	lock     *process.FileLock
}

// openDataDir takes hold of the folder, or says who has it.
//
// The database carries the server's minor version in its name: the schema may change with
// it, and SQLite files are not migrated. An older version's file stays beside the new one.
func openDataDir(dir string) (*dataDir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder (see --data-dir): %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the data folder (see --data-dir): %w", err)
	}
	warning, err := folder.Check(dir, info)
	if err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	name := "temporal-" + minorVersion(headers.ServerVersion)
	d := &dataDir{
		database: filepath.Join(dir, name+".db"),
		log:      filepath.Join(dir, name+".log"),
		state:    filepath.Join(dir, name+".json"),
		warning:  warning,
	}
	lock, err := process.TryLock(d.database + ".lock")
	if errors.Is(err, process.ErrLocked) {
		return nil, d.takenError()
	}
	if err != nil {
		return nil, err
	}
	d.lock = lock
	if err := d.makePrivate(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	if info, err := os.Stat(d.log); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(d.log, d.log+".1"); err != nil {
			return nil, errors.Join(fmt.Errorf("put the old log aside: %w", err), lock.Unlock())
		}
	}
	return d, nil
}

// makePrivate leaves the database and the log to this user alone, where an earlier version has made them for all.
func (d *dataDir) makePrivate() error {
	for _, file := range []string{d.database, d.database + "-wal", d.database + "-shm", d.log, d.log + ".1"} {
		if err := os.Chmod(file, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("make a file of the data folder private: %w", err)
		}
	}
	return nil
}

func minorVersion(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// takenError points at the server that holds the folder. A server that is still starting
// has not said yet where it will listen.
func (d *dataDir) takenError() error {
	text, err := os.ReadFile(d.state)
	var r running
	if err != nil || json.Unmarshal(text, &r) != nil {
		return fmt.Errorf("%s is in use by another tablehaul-standalone that is starting: wait for it, or choose "+
			"another --data-dir", d.database)
	}
	return fmt.Errorf("%s is in use: a server runs already (process %d) at %s, Web UI %s: use that one "+
		"(TEMPORAL_ADDRESS=%s), or choose another --data-dir", d.database, r.PID, r.Address, r.UIURL, r.Address)
}

// close lets go of the folder.
func (d *dataDir) close() error {
	return errors.Join(os.RemoveAll(d.state), d.lock.Unlock())
}

// writeJSON publishes v at path in one step: a reader sees all of it or nothing.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
