package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A text is broken at spaces; a word that is longer than the line stays whole, and nothing is lost.
func TestATextIsWrappedForATerminal(t *testing.T) {
	require.Equal(t, "short", wrapped("short", 80, 14))
	require.Equal(t, "where: a row for which it turns false counts as deleted: the next\n  sweep finds it",
		wrapped("where: a row for which it turns false counts as deleted: the next sweep finds it", 68, 2))
	require.Equal(t, "a\n  "+string(make([]byte, 60))+"\n  b", wrapped("a "+string(make([]byte, 60))+" b", 42, 2))
	require.Equal(t, "SELECT  1", wrapped("SELECT  1", 80, 2), "spaces stay")
}
