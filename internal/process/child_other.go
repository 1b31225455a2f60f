//go:build unix && !linux

package process

import "os/exec"

// Only Linux lets a child ask for a signal at its parent's death; elsewhere an explicit Stop has to do.
func dieWithParent(*exec.Cmd) {}
