package workflows

// UnderLease is underLease, for a workflow of the tests.
var UnderLease = underLease
