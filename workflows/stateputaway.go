package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/internal/owner"
)

// checkPutFilesAway refuses files that were chosen by another state than this one, and all files while a run has the
// lease: it may be about to read them, and puts away what is done when it ends.
func (o *stateWorkflow) checkPutFilesAway(req owner.PutAwayRequest) error {
	return o.checkUnchanged(req.StateID, req.Revision)
}

// putFilesAway keeps which files are being removed or moved.
func (o *stateWorkflow) putFilesAway(_ workflow.Context, req owner.PutAwayRequest) error {
	if err := o.checkPutFilesAway(req); err != nil {
		return err
	}
	o.changed()
	o.state.Put(req)
	return nil
}
