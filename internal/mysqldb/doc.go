// Package mysqldb connects to MySQL and MariaDB. It owns pools and sessions, and what is known of a server:
// version, limits, identity, other clients. It knows no table: packages schema, source, scan, target and upsert do.
//
// Its one invariant: every session has the settings of its role before its first statement.
package mysqldb
