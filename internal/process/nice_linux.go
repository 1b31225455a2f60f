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
	for range 2 { // a thread that was made meanwhile may have come of one that was not nice yet
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list this process's threads: %w", err)
		}
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
				return fmt.Errorf("raise the niceness to %d: %w", n, err)
			}
		}
	}
	return nil
}
