// Package folder has the files below a folder of this machine, or of a share that is mounted there.
//
// It owns how they are listed, opened, moved and removed. It does not read what is in them, and does not know which of
// them belong together.
//
// Its one invariant: it never leaves the folder. It follows no symbolic link, also where one takes a folder's place
// while it is read.
package folder
