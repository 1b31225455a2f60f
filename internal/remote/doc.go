// Package remote asks Temporal about the runs, states and schedules of one task queue, and starts and changes them.
//
// It owns the requests, their time limits, and the translation of Temporal's answers into plain values and errors. It
// opens no MySQL connection and links none of the steps. Package starter decides what to print and which exit code to
// return.
//
// Its one invariant: no request but Cancel ends or changes a run that goes on. Starting a run and moving a watermark
// affect later rows only.
package remote
