package process

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Yield gives other processes of the machine the right of way: it raises this process's
// niceness to n, 0 to 19 (see nice(1)). One that is nicer already stays as it is. It is for
// the beginning of a program: threads inherit it from those that make them.
func Yield(n int) error {
	if n < 0 || n > 19 {
		return fmt.Errorf("a niceness of %d: give 0 to 19", n)
	}
	// A thread may be made meanwhile of one that is not nice yet: look until nothing is left to do.
	for quiet := 0; quiet < 2; quiet++ {
		raised, err := raise(n)
		if err != nil {
			return err
		}
		if raised > 0 {
			quiet = -1
		}
	}
	return nil
}

// raise raises the niceness of the threads below n, and returns how many there were.
func raise(n int) (int, error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, fmt.Errorf("list this process's threads: %w", err)
	}
	raised := 0
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		const kernelBase = 20 // the system call returns 20 minus the niceness
		have, err := syscall.Getpriority(syscall.PRIO_PROCESS, id)
		if err != nil || kernelBase-have >= n {
			continue // it has ended, or is nice enough
		}
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, id, n); err != nil {
			return raised, fmt.Errorf("raise the niceness to %d: %w", n, err)
		}
		raised++
	}
	return raised, nil
}
