// Package target makes a target table fit its source. It owns the comparison of the two, the DDL that creates
// or changes the target, and indexes after a first load. It writes no rows (package upsert does).
//
// Its one invariant: nothing is changed by a comparison, and a comparison that refuses has no statements.
//
// How [Target.Compare] goes:
//
//	the same table on the same server ........................ refuse
//	key and members of the source, settings of the server .... refuse or warn
//	the target is
//	├─ a view ................................................ refuse
//	├─ missing ─── Create is off ............................. refuse
//	│              its schema is missing, too ................ CREATE DATABASE, with a clear grant only
//	│              try the statement on a temporary table .... CREATE TABLE, or refuse
//	│              deferIndexes .............................. indexes without a unique key come later
//	└─ a table ─── engine without transactions ............... refuse
//	               keys that match rows differently .......... refuse
//	               a column that is narrower ................. MODIFY COLUMN where no row changes, else refuse
//	               a column that may be renamed .............. refuse, unless rows show that it is not
//	               a column that is missing .................. ADD COLUMN, nullable where old rows differ
//	               a generated column that computes otherwise  refuse
//	               a column without a source ................. keep it; refuse if new rows need a value
//	               unique keys, foreign keys, triggers ....... warn or refuse, by what writing rows does
//
// See compareColumn for two definitions of one column, and targetType for types across servers.
package target
