// Package failure holds the failure types of steps and runs, what travels in a failure beside its message, and what
// people can do about each type.
//
// It owns the words. It does not decide which error is of which type: activities translates the errors of a step.
//
// Its one invariant: the guide has every type that can end a run or keep it waiting, once.
package failure
