// Package file is the staging store in a folder of a local disk, or of one that all workers mount.
//
// It owns everything below its root folder and nothing outside of it: every access goes
// through os.Root, keys are checked, and symbolic links are refused on the way. What the root
// itself is, and what else lies in it, is not its business; foreign files stay untouched.
//
// Its one invariant: a file is under its key only when all of its bytes are on the disk.
package file
