// Package stagingtest is the contract of a staging.Store as tests: every store runs all of it.
//
// It owns the promises that callers rely on, and tests no store's own ways. A promise that is not tested here is none.
package stagingtest
