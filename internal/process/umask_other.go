//go:build !unix

package process

// PrivateFiles does nothing where files have no permissions of that kind.
func PrivateFiles() {}
