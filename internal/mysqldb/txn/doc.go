// Package txn holds what the short transactions on a target have in common: how they end, how often they are tried,
// and who has blocked one that waited for a lock.
//
// It knows no table and no row. Packages upsert, remove and fill own the statements.
//
// Its invariant: a connection whose transaction has not surely ended never goes back to the pool.
package txn
