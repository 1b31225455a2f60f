//go:build !unix

package main

import (
	"context"
	"runtime"
)

func (a *app) demo(context.Context, demoFlags) error {
	return exitf(exitUsage, "the demo needs tablehaul-standalone, which does not run on %s: use Linux, a Mac, WSL or "+
		"the compose file of docs/containers.md", runtime.GOOS)
}
