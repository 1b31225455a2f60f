package mysqlerr

// IsKnownError reports whether a number's class was decided, and is not what is left for numbers
// that nothing is known of.
func IsKnownError(number uint16) bool {
	_, known := knownErrors[number]
	return known
}

// IsNote reports whether a warning of the number says nothing about a row.
func IsNote(number uint16) bool { return NoteNumbers[number] }
