package scene

import (
	"fmt"
	"net"
	"strings"

	"github.com/tablehaul/tablehaul/integration/procs"
)

// CPUTimes are processor seconds by who took them. Who is not among them, such as a server in a container, is not
// known.
type CPUTimes map[string]float64

// Whose are the keys of CPUTimes, in the order of reports.
var Whose = []string{"worker", "source server", "target server", "Temporal server"}

// CPU is the processor time of each process so far.
func (s *Scene) CPU() CPUTimes {
	t := CPUTimes{}
	add := func(who string, pid int, err error) {
		if err != nil {
			return
		}
		if seconds, err := procs.CPUSeconds(pid); err == nil {
			t[who] = seconds
		}
	}
	if s.Worker != nil {
		add(Whose[0], s.Worker.Process.Pid, nil)
	}
	for i, address := range []string{s.Source.Addr(), s.Target.Addr(), s.Temporal.Address} {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		args := []string{"--port=" + port}
		if i == 2 {
			args = []string{"--port", port, "--server-only"}
		}
		pid, err := procs.Child(args...)
		add(Whose[i+1], pid, err)
	}
	return t
}

// String has seconds in the order of Whose, with a dash for a process that was not seen.
func (t CPUTimes) String() string {
	parts := make([]string, len(Whose))
	for i, who := range Whose {
		parts[i] = "–"
		if s, ok := t[who]; ok {
			parts[i] = fmt.Sprintf("%.2f", s)
		}
	}
	return strings.Join(parts, " / ")
}

// Since is what was taken after before.
func (t CPUTimes) Since(before CPUTimes) CPUTimes {
	out := CPUTimes{}
	for who, s := range t {
		if from, ok := before[who]; ok {
			out[who] = s - from
		}
	}
	return out
}
