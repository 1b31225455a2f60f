// Package mysqldb is everything that speaks to MySQL and MariaDB: it connects, introspects,
// checks, chooses windows, reads pages, creates and widens targets, writes chunks and
// classifies errors. It is the only importer of the driver.
//
// It knows neither files nor workflows. Its one invariant: no transaction and no read view of
// ours outlives a page or a chunk, and any error inside a chunk is a ROLLBACK.
package mysqldb
