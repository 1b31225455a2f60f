package workflows

// UnderLease and ContinueAsNew are underLease and continueAsNew, for workflows of the tests.
var (
	UnderLease    = underLease
	ContinueAsNew = continueAsNew
)
