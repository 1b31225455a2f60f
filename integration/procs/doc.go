// Package procs reads what Linux knows of other processes: the processor time they took and the
// memory they reached. What is not known, as of a server in a container, is an error and never 0.
package procs
