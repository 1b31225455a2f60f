//go:build !linux

package folder

// mayWrite knows nothing here: what the system refuses shows when it is done.
func mayWrite(string) error { return nil }
