package servers

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// A folder in memory makes DDL and commits cheap: no write waits for a disk, and no setting of the
// server changes for that.
const (
	memoryFolder = "/dev/shm"
	// memoryRoom is what the folder and the machine must have left for one more server, in bytes:
	// the data of several servers that start at once, and the servers themselves.
	memoryRoom = 6 << 30
)

// ScratchDir is the folder that the data of tests' servers goes below: memory where there is room,
// else the one for temporary files. TABLEHAUL_TEST_DATA names another.
func ScratchDir() string {
	if dir := os.Getenv("TABLEHAUL_TEST_DATA"); dir != "" {
		return dir
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil || !bytes.Contains(mounts, []byte(" "+memoryFolder+" tmpfs rw")) {
		return os.TempDir()
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(memoryFolder, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < memoryRoom ||
		memoryAvailable() < memoryRoom {
		return os.TempDir()
	}
	return memoryFolder
}

// memoryAvailable is the machine's memory that processes can still take, in bytes; 0 if unknown.
func memoryAvailable() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("MemAvailable:"))
	number, _, _ := bytes.Cut(rest, []byte("kB"))
	kb, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 64)
	if err != nil {
		return 0
	}
	return kb << 10
}
