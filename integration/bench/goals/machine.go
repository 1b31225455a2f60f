package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what the figures were measured on.
type machine struct {
	cpu    string
	cores  int
	ramGiB float64
	os     string
	kernel string
	golang string
	commit string
	// load is the load average of the minute before the start: above a few tenths, another program
	// else was at work, and the figures are worth little.
	load string
}

func thisMachine(ctx context.Context) (machine, error) {
	m := machine{cores: runtime.NumCPU(), golang: runtime.Version()}
	var err error
	for _, f := range []struct {
		path string
		read func(text string)
	}{
		{"/proc/cpuinfo", func(text string) { m.cpu = valueOf(text, "model name", ":") }},
		{"/proc/meminfo", func(text string) {
			var kib float64
			if _, err := fmt.Sscan(valueOf(text, "MemTotal", ":"), &kib); err == nil {
				m.ramGiB = kib / (1 << 20)
			}
		}},
		{"/etc/os-release", func(text string) { m.os = strings.Trim(valueOf(text, "PRETTY_NAME", "="), `"`) }},
		{"/proc/sys/kernel/osrelease", func(text string) { m.kernel = strings.TrimSpace(text) }},
		{"/proc/loadavg", func(text string) { m.load, _, _ = strings.Cut(text, " ") }},
	} {
		var text []byte
		if text, err = os.ReadFile(f.path); err != nil {
			return m, fmt.Errorf("describe this machine: %w", err)
		}
		f.read(string(text))
	}
	// A tree that is not a git clone has no commit, which harms nothing.
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty",
		"--exclude=*").Output(); err == nil {
		m.commit = strings.TrimSpace(string(out))
	}
	return m, nil
}

// valueOf is the text after the separator in the first line that begins with name.
func valueOf(text, name, separator string) string {
	for s := bufio.NewScanner(bytes.NewReader([]byte(text))); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), separator); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
