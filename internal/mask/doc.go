// Package mask replaces values that are not to leave a source as they are.
//
// A mask gives the same for the same value in every run and on every machine. Plain masks are SQL of the source. Keyed
// ones need a secret: they are computed in the worker, and neither the key nor what it hides is in SQL, in a staged
// file or in a history. The package imports the standard library and package table only.
package mask
