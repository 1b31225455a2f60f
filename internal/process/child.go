//go:build unix

package process

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A Child is a running program that dies with this process.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts cmd in a process group of its own. The child is killed when this process
// ends, even by SIGKILL. Other fields that are set in cmd.SysProcAttr are kept.
func Start(cmd *exec.Cmd) (*Child, error) {
	c := &Child{cmd: cmd, done: make(chan struct{})}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// Ctrl-C in a terminal is for us alone; we stop the child when we are done with it
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd)
	started := make(chan error)
	go func() {
		// Linux ties the parent's death signal to the thread that forked, not to the
		// process, so this thread has to live for as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.err = cmd.Wait()
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// Pid is the process id of the child.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed once the child has ended and was waited for.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says how the child ended; it is meaningful only after Done is closed.
func (c *Child) Err() error { return c.err }

// Signal sends sig to the child. A child that has already ended is not an error.
func (c *Child) Signal(sig os.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the child with SIGKILL and waits until it is gone.
func (c *Child) Kill() error {
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return nil
}

// Stop asks the child to end with SIGTERM and kills it when it has not ended after grace.
// A child that was paused is woken first, as a stopped process never sees SIGTERM.
func (c *Child) Stop(grace time.Duration) error {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := c.Signal(sig); err != nil {
			return err
		}
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(grace):
		return c.Kill()
	}
}
