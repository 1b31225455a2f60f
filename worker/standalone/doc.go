// Command tablehaul-standalone is Tablehaul for one machine without a Temporal: one process
// with a Temporal server on a SQLite file, Temporal's Web UI, and the worker.
//
// It owns the embedded server: its ports, its data folder and its log. Workflows and activities are the same as
// everywhere, so that who outgrows it only sets TEMPORAL_ADDRESS. Its one invariant: a data folder has one server at a
// time, and what was running when it died goes on when it is started again.
package main
