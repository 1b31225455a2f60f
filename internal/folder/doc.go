// Package folder says who else may use a folder that a program keeps its files in.
//
// It is no check of a single file: files have modes of their own. A folder that others may write is refused, because
// they can put files and folders into it; one that they may read is named in a warning.
package folder
