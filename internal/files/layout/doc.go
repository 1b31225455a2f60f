// Package layout finds what other programs have written into a folder or a bucket: which files belong together (a
// load), in which order loads were written, and which of them are complete.
//
// It knows dlt, MySQL Shell, and plain folders with globs. It lists, and reads small files of metadata (markers,
// schemas); it reads no rows and changes nothing. Its one invariant: a load that Discover returns is complete by the
// maker's own rule, so that no file of it is still to come.
package layout
