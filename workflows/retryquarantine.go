package workflows

import (
	"cmp"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
)

// RetryQuarantine tries the rows of a table that are in quarantine, as the source has them now. Its input is a
// RetryQuarantineInput. Runs of the table wait meanwhile.
func RetryQuarantine(ctx workflow.Context, raw converter.RawValue) (api.RetryQuarantineResult, error) {
	var in api.RetryQuarantineInput
	out := api.RetryQuarantineResult{}
	if err := decodeQuarantine(retryInput, raw, &in, &in.Table); err != nil {
		return out, err
	}
	out.Table = in.Table
	var left *api.Quarantine
	ctx = withPriority(ctx, in.Table, 0)
	err := onEachHost(func(queue string) ([]string, error) {
		var done activities.RetryQuarantineResult
		err := quarantineStep(ctx, queue, "try the rows in quarantine again", "RetryQuarantine",
			activities.QuarantineInput{Table: in.Table, Queue: queue}, &done)
		out.Written += done.Written
		out.Gone += done.Gone
		out.Pending += done.Pending
		done.Queue = cmp.Or(queue, done.Queue)
		left = left.With(done.Quarantine)
		return done.Elsewhere, err
	})
	if left != nil {
		out.Left = *left
	}
	return out, cause(err)
}

// DropQuarantine closes the entries of a table, or of one run of it, without looking at either side. Its input is a
// DropQuarantineInput.
func DropQuarantine(ctx workflow.Context, raw converter.RawValue) (api.DropQuarantineResult, error) {
	var in api.DropQuarantineInput
	out := api.DropQuarantineResult{}
	if err := decodeQuarantine(dropInput, raw, &in, &in.Table); err != nil {
		return out, err
	}
	out.Table = in.Table
	var left *api.Quarantine
	ctx = withPriority(ctx, in.Table, 0)
	err := onEachHost(func(queue string) ([]string, error) {
		var done activities.DropQuarantineResult
		err := quarantineStep(ctx, queue, "drop rows from quarantine", "DropQuarantine",
			activities.QuarantineInput{Table: in.Table, Run: in.Run, Queue: queue}, &done)
		if failureType(err) == failure.HostGone { // with its files
			err = quarantineStep(ctx, "", "forget the rows of a host that is gone", "DropQuarantine",
				activities.QuarantineInput{Table: in.Table, Run: in.Run, Gone: queue}, &done)
		}
		out.Dropped += done.Dropped
		done.Queue = cmp.Or(queue, done.Queue)
		left = left.With(done.Quarantine)
		return done.Elsewhere, err
	})
	if left != nil {
		out.Left = *left
	}
	return out, cause(err)
}

func decodeQuarantine(form inputForm, raw converter.RawValue, in any, tbl *string) error {
	if err := form.decode(raw, in); err != nil {
		return err
	}
	return form.checkTable(*tbl)
}

// onEachHost calls do for any host, and then for the other hosts that the first call names.
func onEachHost(do func(queue string) (elsewhere []string, err error)) error {
	others, err := do("")
	if err != nil {
		return err
	}
	for _, queue := range others {
		if _, err := do(queue); err != nil {
			return err
		}
	}
	return nil
}

// quarantineStep runs a step on a host.
func quarantineStep(ctx workflow.Context, queue, summary, name string, in activities.QuarantineInput, out any) error {
	h := hostRouter{queue: queue}
	return h.step(ctx, beginOptions, summary, name, in).Get(ctx, out)
}
