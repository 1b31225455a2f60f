// Package fill writes some columns of rows that are there: the values of an added column in old rows.
//
// A row is written only where it is still the version that was read at the source, by its cursor. It is locked and
// compared in the transaction that writes, so that a run in between wins. No row is inserted, and none is deleted.
package fill
