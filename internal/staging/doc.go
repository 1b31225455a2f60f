// Package staging keeps files between the step that extracts rows and the step that applies
// them: what a store promises, how keys are named, and what a manifest proves.
//
// It owns the names and the proofs, not the format of the files (package rowfile) and not
// when they are deleted (the workflows). Stores are packages of their own, which register
// themselves: staging/file and staging/s3. All of them pass one contract suite, testenv/stagingtest.
//
// Its one invariant: the manifest, published last, is the only list of files, and nothing of a file is used before its
// size and its hash agree with the manifest. Listing a store is for sweeping up, never the truth.
package staging
