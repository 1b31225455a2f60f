// Package verify compares the rows of two sides by key, and says what each difference is.
//
// It owns the form in which values are compared, the join of two sides, and the verdicts. It reads no server and no
// file: activities hand it rows. Its one invariant: two rows have one Sum only if each of their values is equal as
// the server stores it; no digest of several rows is ever compared, so no two differences cancel out.
package verify
