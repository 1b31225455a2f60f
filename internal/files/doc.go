// Package files is the store of files that others have staged: what a file is, and how it is listed, read and put away.
//
// It knows nothing of what is in the files (package files/format) and of who writes which of them when (package
// files/layout). Stores register themselves: files/folder, and staging/s3. Its one invariant: a reader gets the version
// of a file that was listed, or an error.
package files
