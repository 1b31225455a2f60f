package failure_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// How a failure is provoked.
const (
	// byRun: a run of the whole product on real servers fails by it, or shows it as what it waits for.
	byRun = "run"
	// byStep: a step on a real server fails by it, in Temporal's test environment: a run would need hours, or a machine
	// that a test cannot have.
	byStep = "step"
	// byTemporal: the command line follows a workflow of a real Temporal that ends by it.
	byTemporal = "Temporal"
	// byWorkflow: the workflow fails by it on simulated hosts.
	byWorkflow = "workflow"
)

// provoked are the tests that provoke each type of failure.
var provoked = map[string]struct{ how, file, test string }{
	failure.InvalidInput:     {byRun, "integration/verify_test.go", "TestVerifyRefuses"},
	failure.UnknownTable:     {byRun, "integration/badinput_test.go", "TestUnknownTableIsRefused"},
	failure.UnsupportedTable: {byRun, "integration/verify_test.go", "TestVerifyRefuses"},
	failure.TableBusy:        {byRun, "integration/interrupted_test.go", "TestSecondRunIsTurnedAwayByName"},
	failure.LeaseLost:        {byRun, "integration/identity_test.go", "TestStateWorkflowTerminatedInAFirstLoad"},
	failure.IdentityChanged:  {byRun, "integration/identity_test.go", "TestTwoDeploymentsOfOneNamespace"},
	failure.ServerChanged:    {byRun, "integration/identity_source_test.go", "TestPagesOfAnotherServerAreNotRead"},
	failure.TargetRestarted:  {byRun, "integration/identity_target_test.go", "TestTargetRestartedDuringARun"},
	failure.ServerRejected:   {byRun, "integration/badinput_test.go", "TestWrongPasswordIsRefused"},
	failure.RowRejected:      {byRun, "integration/altered_test.go", "TestTargetChangedDuringALoad"},
	failure.TooManyBadRows:   {byRun, "integration/quarantine_test.go", "TestTooManyRefusedRowsFailTheRun"},
	failure.DeletesHeld:      {byRun, "integration/deletes_test.go", "TestAGuardStopsASweepUntilAPersonApproves"},
	failure.StagedFileCorrupt: {
		byRun, "integration/fault_staging_test.go", "TestStagingThatSpoilsEverythingFailsTheRun",
	},
	failure.StagingFull:        {byRun, "integration/fault_s3_test.go", "TestAnS3ThatIsGoneForAWhileIsAVisibleWait"},
	failure.StagingUnavailable: {byRun, "integration/fault_s3_test.go", "TestAnS3ThatIsGoneForAWhileIsAVisibleWait"},
	failure.StagingRejected:    {byRun, "integration/fault_s3_test.go", "TestAnS3ThatRefusesEndsTheRun"},
	failure.PlanLost:           {byRun, "integration/fault_plan_test.go", "requirePlanLost"},
	failure.HostGone:           {byWorkflow, "workflows/losthost_test.go", "TestARunThatLosesEveryHostFails"},
	failure.TableChanged:       {byRun, "integration/altered_test.go", "TestSourceAlteredBetweenRanges"},
	failure.TargetWritten:      {byRun, "integration/replace_test.go", "TestAReplacedTargetSurvivesAKilledWorker"},
	failure.OpenTransactions:   {byRun, "integration/stuck_test.go", "TestAFirstLoadByAnIntegerBegins"},
	failure.FilesUnavailable:   {byRun, "integration/files_bucket_test.go", "TestFilesInABucketThatFails"},
	failure.FilesChanged:       {byStep, "activities/files_test.go", "TestFilesThatChangeWhileARunReadsThem"},
	failure.FilesRefused:       {byRun, "integration/files_bucket_test.go", "TestFilesInABucketThatFails"},
	failure.FilesIncomplete:    {byRun, "integration/files_test.go", "TestARunWaitsForFiles"},
	failure.WatermarkAhead:     {byRun, "integration/ahead_test.go", "TestAWatermarkAheadOfTheSourceIsNeverDone"},
	failure.LockWait:           {byStep, "activities/undoswap_test.go", "TestAnUndoOfASwapWaitsForLocksOfTheTarget"},
	failure.ServerUnavailable: {
		byRun, "integration/badinput_test.go", "TestUnreachableServerIsAVisibleWaitThenAFailure",
	},
	failure.ServerFull:     {byRun, "integration/fault_full_test.go", "TestAFullTargetIsAVisibleWait"},
	failure.ServerReadOnly: {byRun, "integration/fault_target_test.go", "TestAReadOnlyTargetIsAVisibleWait"},
	failure.Throttled:      {byRun, "integration/fault_replica_test.go", "TestAReplicaThatLagsPausesARun"},
	failure.NotifyFailed:   {byRun, "integration/monitoring_test.go", "TestAWorkerTellsOfItself"},
	failure.Unexpected: {
		byStep, "activities/replacement_test.go", "TestALoadThatIsNotWhatWasWrittenIsNotSwapped",
	},
	failure.EndCancelled:  {byTemporal, "starter/temporal_test.go", "TestCancelledAndTerminatedRunsAgainstTemporal"},
	failure.EndTerminated: {byTemporal, "starter/temporal_test.go", "TestCancelledAndTerminatedRunsAgainstTemporal"},
	failure.EndTimedOut:   {byTemporal, "starter/temporal_test.go", "TestATimedOutRunAgainstTemporal"},
}

// Each type of failure is provoked by a test that names it. With -v this prints types, remedies and tests.
func TestEachFailureIsProvoked(t *testing.T) {
	for _, advice := range failure.Guide {
		p, ok := provoked[advice.Type]
		require.True(t, ok, "%s is provoked by no test: add it to provoked", advice.Type)
		text, err := os.ReadFile("../../" + p.file)
		require.NoError(t, err)
		body := bodyOf(t, p.file, string(text), p.test)
		require.True(t, names(body, advice.Type), "%s of %s does not name %s", p.test, p.file, advice.Type)
		t.Logf("%-18s %s\n    provoked by a %s: %s, %s", advice.Type, advice.Do, p.how, p.test, p.file)
	}
	require.Len(t, provoked, len(failure.Guide), "a type that is gone")
}

// names reports whether a test's text has the type, as a constant or in quotes.
func names(body, typ string) bool {
	return strings.Contains(body, "failure."+typ) || strings.Contains(body, "failure.End"+typ) ||
		strings.Contains(body, fmt.Sprintf("%q", typ))
}

// bodyOf is the text of a function.
func bodyOf(t *testing.T, file, text, name string) string {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	require.NoError(t, err)
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name {
			return text[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset]
		}
	}
	require.Fail(t, "there is no such test", "%s in %s", name, file)
	return ""
}
