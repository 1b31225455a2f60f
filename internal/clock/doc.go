// Package clock waits.
//
// It owns the one way to wait for a time that a context can end. Workflow code does not use it: workflows wait by
// workflow.Sleep.
//
// Its one invariant: Sleep never outlives its context.
package clock
