package config

import (
	"maps"
	"strings"
)

// The keys below are those of dlt, Sling, ingestr, Singer and Airbyte, and what is their like here. A test keeps words
// out that are keys of ours.

// documentWords are keys of the file's top level.
var documentWords = map[string]string{
	"source": "write it under connections, with a dsn", "target": "write it under connections, with a dsn",
	"sources": "write them under connections", "destination": "write it under connections, with a dsn",
	"destinations": "write them under connections", "targets": "write them under connections",
	"databases": "write them under connections", "streams": "write tables", "resources": "write tables",
	"stage": "write staging", "settings": "write defaults", "webhook": "write notifications: { webhook: … }",
	"schedule": "write it under defaults, or in an entry of tables",
}

// connectionWords are keys of a connection.
var connectionWords = map[string]string{
	"url": writeADSN, "uri": writeADSN, "host": writeADSN, "hostname": writeADSN, "port": writeADSN, "user": writeADSN,
	"username": writeADSN, "password": writeADSN, "database": writeADSN, "connection_string": writeADSN,
	"type": "leave it out: the server says what it is", "ssl": "write tls", "sslmode": "write tls",
	"ssl_mode": "write tls", "ssl_ca": "write ca", "pool_size": "write maxConnections",
	"ssh": writeATunnel, "ssh_tunnel": writeATunnel, "tunnel": writeATunnel,
}

const (
	writeADSN    = `write dsn: "${NAME}", which holds user:password@tcp(host:3306)/`
	writeATunnel = "start the tunnel beside the worker (ssh -N -L), and name its end in the dsn: docs/security.md"
	writeAMode   = "write write: upsert, append, history or replace; a table with a cursor is read incrementally, " +
		"and tablehaul run --full reads all of it"
	writeACursor = "write cursor: the column that says what has changed"
	writeAKey    = "leave it out where the table has a primary key; else write key: [a, b]"
)

// settingWords are keys of defaults and of an entry of tables.
var settingWords = map[string]string{
	"primary_key": writeAKey, "primary_keys": writeAKey, "merge_key": writeAKey, "unique_key": writeAKey,
	"key_properties": writeAKey, "write_disposition": writeAMode, "mode": writeAMode, "sync_mode": writeAMode,
	"strategy": writeAMode, "incremental_strategy": writeAMode, "merge_strategy": writeAMode,
	"replication_method": writeAMode, "destination_sync_mode": writeAMode, "load_method": writeAMode,
	"incremental": writeACursor, "incremental_key": writeACursor, "update_key": writeACursor,
	"cursor_field": writeACursor, "replication_key": writeACursor, "watermark": writeACursor,
	"table": "write name: schema.table", "stream": "write name: schema.table", "table_name": "write name: schema.table",
	"object": "write target: schema.table", "dest_table": "write target: schema.table",
	"destination": "write target: schema.table",
	"filter":      "write where: an SQL condition", "condition": "write where: an SQL condition",
	"sql": writeNoQuery, "query": writeNoQuery,
	"select": writeColumns, "fields": writeColumns, "include_columns": writeColumns,
	"exclude_columns": "write columns: { exclude: [a, b] }", "ignore": "write exclude",
	"transforms": "write columns: { mask: …, add: … }", "column_hints": "write columns: { type: … }",
	"lag": "write overlap: 1m", "lookback": "write overlap: 1m",
	"cron": "write schedule", "interval": "write schedule", "every": "write schedule",
	"batch_size": writeChunkRows, "batch_limit": writeChunkRows, "chunk_size": writeChunkRows,
	"page_size":      "write tuning: { pageRows: … }",
	"parallelism":    "write tuning: { rangesInFlight: …, chunksInFlight: … }",
	"delete_missing": "write deletes: { mode: soft } or { mode: hard }", "hard_delete": "write deletes: { mode: hard }",
	"soft_delete": "write deletes: { mode: soft }", "schema_contract": "write schema",
	"initial_value": "give it to a run: tablehaul run TABLE --from",
}

const (
	writeColumns   = "write columns: { include: [a, b] }"
	writeNoQuery   = "write where and columns: a query cannot be named"
	writeChunkRows = "write tuning: { chunkRows: … }"
)

// otherTools are hints about words of other tools, in their own spelling, in camel case and with dashes.
func otherTools(words map[string]string) map[string]string {
	out := maps.Clone(words)
	for word, hint := range words {
		parts := strings.Split(word, "_")
		camel := parts[0]
		for _, p := range parts[1:] {
			camel += strings.ToUpper(p[:1]) + p[1:]
		}
		out[camel], out[strings.ReplaceAll(word, "_", "-")] = hint, hint
	}
	return out
}
