// Package scheme finds what opens a URL, by its scheme.
//
// It owns the lists of schemes that packages of stores add themselves to when they are initialised. It opens nothing
// and reads no URL: staging and files do, in their own words.
//
// Its one invariant: a scheme has one opener.
package scheme
