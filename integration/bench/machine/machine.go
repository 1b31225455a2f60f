package machine

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Describe says what the figures were measured on, as far as /proc says it.
func Describe(ctx context.Context) string {
	value := func(path, name, separator string) string {
		f, err := os.Open(path)
		if err != nil {
			return "unknown"
		}
		defer f.Close() //nolint:errcheck // nothing was written
		for s := bufio.NewScanner(f); s.Scan(); {
			if key, v, ok := strings.Cut(s.Text(), separator); ok && strings.TrimSpace(key) == name {
				return strings.Trim(strings.TrimSpace(v), `"`)
			}
		}
		return "unknown"
	}
	var kib float64
	_, _ = fmt.Sscan(value("/proc/meminfo", "MemTotal", ":"), &kib)
	text := fmt.Sprintf("%s, %d cores, %.0f GiB of memory, %s, %s", value("/proc/cpuinfo", "model name", ":"),
		runtime.NumCPU(), kib/(1<<20), value("/etc/os-release", "PRETTY_NAME", "="), runtime.Version())
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(load), " ")
		text += "; load average before " + first
	}
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err == nil {
		text += "; commit " + strings.TrimSpace(string(out))
	}
	return text
}
