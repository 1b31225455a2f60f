// Package world tests the product in a random world: schemas, writers, settings and changes around
// a table that no list of faults limits, drawn from a seed. It has nothing but tests.
//
// A plan is drawn from a seed; a world plays it on real servers: it applies one step after the
// other while writers write, and lets every table run after each. Beside it the writers keep a
// history of all row versions that they have committed. After each run the oracle judges the target
// by that history alone, so it shares no code and no assumption with the product.
//
// A seed repeats the plan, not the interleaving: threads and servers meet as they like.
package world
