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
//
// # The limiter's law
//
// How many rows a chunk has at most, how many chunks of a table a worker writes at once, and when it writes none.
// TestTheLimitersLaw runs each row of this table. docs/scale.md has the same rows.
//
//	When                                           Rows of a chunk  At once           Next trial
//	first chunk                                    chunkRows        2                 warm-up
//	first chunk, others active                     chunkRows        1                 warm-up
//	first chunk, target 2 ms away, no others       chunkRows        chunksInFlight    warm-up
//	first chunk of a backfill                      same             1                 warm-up
//	others begin, in the warm-up                   same             1                 same
//	committed well within the time limit           a quarter more   same              same
//	committed within the time limit                same             same              same
//	committed later, and can have fewer rows       as many as fit   same              same
//	committed later, with the fewest rows          same             1 less            after 8
//	lock wait timeout or deadlock                  half             same              same
//	measured, in the warm-up                       same             same              next
//	measured, in a pause                           same             same              1 sooner
//	measured, others active, more than 1 at once   same             1 less            under way
//	measured, answers quick, below chunksInFlight  same             1 more            under way
//	measured, neither of both                      same             same              next
//	trial of 1 more, at least 15% faster           same             same              next
//	trial of 1 more, not so                        same             1 less            after 8, 16, 32, then 64
//	trial of 1 less, at least 15% slower           same             1 more            after 8
//	trial of 1 less, not so                        same             same              after 8
//	answers slow, others active                    same             1 less            after 8
//	answers slow, no others                        same             same              same
//	a transaction runs for more than 1 s           same             1 more meanwhile  same
//	outside hours                                  none             none              in at most 5 min
//	more threads running than maxThreadsRunning    none             none              in 5 s
//	a replica more than maxReplicaLag behind       none             none              in 5 s
//
// The time limit is half of maxTransaction, or twice the round trips of any transaction where that is longer. "Well
// within" leaves room for a quarter more rows. The fewest rows are an eighth of chunkRows, as a chunk is cut into 8
// pieces at most, and never below 50. The pieces of a chunk have the same rows, at most 15% more than fit; fewer pieces
// follow where one of them would keep the time limit. A backfill does not cut its chunks by the time that they take:
// one of its transactions commits what it has when maxTransaction has passed, and another one goes on.
//
// "Measured" is the end of four times as many chunks as are written at once, while others wait. A trial changes that
// number by one, and the measurement after it decides. The number stays between 1 and chunksInFlight. The last column
// counts measurements; where nothing is written, it is when the worker looks again. "Others" are other clients of the
// target. Answers are slow where START TRANSACTION takes more than twice its shortest time, or twice 150 µs if that is
// longer, on a moving average to which each answer adds a quarter. A slow transaction counts once for all that were
// under way beside it.
package upsert
