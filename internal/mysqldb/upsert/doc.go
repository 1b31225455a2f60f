// Package upsert writes one chunk of rows into a target table, in one small transaction.
//
// It owns the statements of that transaction, what it does about rows with a conflict, its retries, and
// what is learnt from it: [ChunkSizer] for the rows of a chunk, [Limiter] for chunks at the same time.
// It does not read files or sources, it does not plan ranges, and it does not change a table's
// structure. Callers choose the rows, and may write any chunk again.
//
// Its invariant: a row of the target that is newer than the row of the chunk stays as it is.
//
// Begin with [WriteChunk]; the comment of writer.transaction shows the statements in order.
package upsert
