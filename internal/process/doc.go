// Package process holds what the project needs from the operating system to run other programs beside itself: children
// that cannot outlive their parent, locks between processes, and ports that stay free until they are used.
//
// It knows nothing of MySQL or Temporal. Its one invariant: a child started here is gone
// when its parent is gone, however the parent ended.
package process
