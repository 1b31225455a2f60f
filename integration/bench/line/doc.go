// Package line is a long line to a server, for benchmarks: what enters it comes out after a delay, in both directions,
// at any bandwidth. It may break for a while.
package line
