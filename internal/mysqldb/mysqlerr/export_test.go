package mysqlerr

// IsKnownError reports whether a number is one of errorInfos, errorGroups or refusedRanges.
func IsKnownError(number uint16) bool {
	_, known := knownErrors[number]
	return known
}
