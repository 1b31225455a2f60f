// Package model proves the window protocol on a model of it (window.pml, in Promela), small
// enough that a model checker looks at every order in which its steps can happen. README.md
// says what the model has, what it leaves out, and how to look at what it finds.
//
// The package's one invariant: the model that stands for the product has no violation, and
// each rule that it rests on is one without which the checker finds a lost row.
package model
