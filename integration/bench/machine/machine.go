package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const unknown = "unknown"

// Machine is what figures were measured on, as far as /proc says it.
type Machine struct {
	// CPU is the name of the processor's model.
	CPU   string
	Cores int
	// RAMGiB is the memory in GiB; 0 where it is not known.
	RAMGiB float64
	OS     string
	Kernel string
	Go     string
	// Commit is the one that is checked out, "-dirty" behind it where files have changed; empty outside of a clone.
	Commit string
	// Load is the load average of the minute before. Above quietLoad another program was at work, and the figures are
	// worth little.
	Load string
}

const (
	// quietLoad is the load average of a minute in which next to nothing ran.
	quietLoad = 0.5
	// quietTime bounds the wait for what ran before, such as the build of the program.
	quietTime = 3 * time.Minute
)

// AwaitQuiet waits until the load average is that of a machine at rest, or for quietTime. The only error is ctx's.
func AwaitQuiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		load, err := strconv.ParseFloat(firstWord("/proc/loadavg"), 64)
		if err != nil || load < quietLoad {
			return nil //nolint:nilerr // the load is not known here
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil // the report has the load
			}
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// This is the machine that the program runs on.
func This(ctx context.Context) Machine {
	m := Machine{
		CPU: value("/proc/cpuinfo", "model name", ":"), Cores: runtime.NumCPU(),
		OS: value("/etc/os-release", "PRETTY_NAME", "="), Kernel: firstWord("/proc/sys/kernel/osrelease"),
		Go: runtime.Version(), Load: firstWord("/proc/loadavg"),
	}
	var kib float64
	if _, err := fmt.Sscan(value("/proc/meminfo", "MemTotal", ":"), &kib); err == nil {
		m.RAMGiB = kib / (1 << 20)
	}
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err == nil {
		m.Commit = strings.TrimSpace(string(out))
	}
	return m
}

// String has what decides over figures.
func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %.0f GiB of memory, %s, %s; load average before %s",
		m.CPU, m.Cores, m.RAMGiB, m.OS, m.Go, m.Load)
	if m.Commit != "" {
		text += "; commit " + m.Commit
	}
	return text
}

// Brief has the processor and the memory.
func (m Machine) Brief() string {
	return fmt.Sprintf("%d cores, %s, %.0f GiB, %s/%s", m.Cores, m.CPU, m.RAMGiB, runtime.GOOS, runtime.GOARCH)
}

// value is the text after the separator in the first line of a file that begins with name.
func value(path, name, separator string) string {
	text, _ := os.ReadFile(path) // without the file, nothing is known
	for line := range strings.Lines(string(text)) {
		if key, v, ok := strings.Cut(line, separator); ok && strings.TrimSpace(key) == name {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return unknown
}

func firstWord(path string) string {
	text, _ := os.ReadFile(path) // without the file, nothing is known
	if words := strings.Fields(string(text)); len(words) > 0 {
		return words[0]
	}
	return unknown
}
