package upsert

// For tests of the package upsert_test.
var (
	KeyHash          = keyHash
	IsUniqueConflict = isUniqueConflict
)
