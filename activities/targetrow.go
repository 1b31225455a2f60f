package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// TargetRow names the state row that a run has begun beside its target, for the steps that change it.
type TargetRow struct {
	lineage.Ref
	Connection string `json:"connection"`
	// Volatile is set where the target's server may lose what is committed in a crash.
	Volatile *Volatile `json:"volatile,omitempty"`
}

// Volatile is when a server that may lose commits was started, in seconds since 1970 by its own clock.
type Volatile struct {
	Started int64 `json:"started"`
}

// restartSlack is how many seconds two readings of one start may differ: each is exact to a second. A
// clock that is set in between looks like a restart, which costs a run its work and loses nothing.
const restartSlack = 2

// restarted reports whether a server that says it was started at another moment is another start.
func (v Volatile) restarted(started int64) bool {
	return started < v.Started-restartSlack || started > v.Started+restartSlack
}

// beginTarget begins the run on the target's state row, where there is something to write, and
// completes out by what the steps need to know of both servers.
func (a *Activities) beginTarget(ctx context.Context, in PlanRunInput, p *planDraft, out *PlanRunResult) error {
	identity := p.id.now
	out.Identity = &identity
	if p.files == nil {
		out.Instance = p.src.Instance().Digest
	}
	if out.Ranges == 0 && len(p.id.replaces) > 0 {
		out.Identity = nil // the run that takes the row over binds the watermark
	}
	if out.Ranges == 0 || in.State.ID == "" || in.State.Lease == nil {
		return nil
	}
	row := &TargetRow{
		Ref: lineage.Ref{
			Target: p.settings.Target, StateID: in.State.ID, Shared: p.settings.shared(),
			Fence: in.State.Lease.Fence + int64(in.Plan), // a late chunk of the plan before commits nothing
		},
		Connection: p.settings.TargetConnection,
	}
	// Where the way leads elsewhere meanwhile, chunks find the run not begun, and it plans again.
	server := p.dst.DB.Instance().Digest
	done := out.Done
	if p.mode != api.ModeFirstLoad && !out.Resumable {
		done = ""
		if p.id.row != nil && in.State.FirstLoad != nil {
			done = p.id.row.Done // of a first load that is to be taken up again
		}
	}
	err := lineage.Begin(ctx, p.dst.DB, lineage.BeginSpec{
		Ref: row.Ref, Keeper: a.keeper(ctx,
			in.Table), Expected: identity.Target.Run, Done: done, Replaces: p.id.replaces, Ordered: p.ordered(),
	})
	if errors.Is(err, lineage.ErrNoStateTable) && p.id.row == nil {
		if in.State.Identity == nil { // said once; the plan says it whenever it is asked
			out.Warnings = append(out.Warnings, withoutRow(p))
		}
		return nil
	}
	if err != nil {
		return translate(ctx, err, where{p.settings.TargetConnection, "begin on " + p.settings.Target.String()})
	}
	row.Server, row.Volatile, err = mayLoseCommits(ctx, p.dst.DB, server, identity.Target.Server.Durable)
	if err != nil {
		return translate(ctx, err, where{p.settings.TargetConnection, "begin on " + p.settings.Target.String()})
	}
	out.TargetRow, identity.Target.Row = row, true
	return nil
}

// mayLoseCommits says how a run notices that its chunks may be lost: instance is the digest of the server that has to
// stay the same, "" where any member of a cluster will do, and volatile is set where it may lose them by itself.
func mayLoseCommits(
	ctx context.Context, db *mysqldb.DB, server string, durable bool,
) (instance string, volatile *Volatile, err error) {
	clustered, err := lineage.Clustered(ctx, db)
	if err != nil {
		return "", nil, err
	}
	if !clustered {
		instance = server
	}
	if durable {
		return instance, nil, nil
	}
	started, err := lineage.Started(ctx, db)
	return instance, &Volatile{Started: started}, err
}

// noRowText is what is not noticed where the login may not keep a state row.
const noRowText = "no state row is kept beside the target: that it is another table of this name, was restored " +
	"from a backup, or is written by another deployment is not noticed, and a row that changes all the time " +
	"arrives only when it rests"

// withoutRow is the warning where the login may not keep a state row.
func withoutRow(p *planDraft) string { return noRowText + " (" + rowGrant(p) + ")" }

// rowGrant is the statement that lets the login keep state rows.
func rowGrant(p *planDraft) string {
	state := table.Name{Schema: p.settings.Target.Schema, Table: lineage.StateTable}
	return p.dst.Server.Grant("SELECT, INSERT, UPDATE, CREATE", sqltext.Qualified(state))
}

// checkTargetRow is what a chunk's transaction begins with.
func (a *Activities) checkTargetRow(db *mysqldb.DB, r *openedRange) func(context.Context, mysqldb.Querier) error {
	if r.in.Fence == 0 {
		return nil
	}
	ref := r.targetRef()
	return func(ctx context.Context, tx mysqldb.Querier) error { return lineage.Check(ctx, db, tx, ref) }
}

// checkChunk is checkTargetRow for UpsertChunk. Where rows are written in order, an attempt that comes late, as one
// that was frozen, must not put older rows over those of a later chunk.
func (a *Activities) checkChunk(
	db *mysqldb.DB, r *openedRange, in UpsertChunkInput,
) func(context.Context, mysqldb.Querier) error {
	if !r.plan.Ordered || r.in.Fence == 0 {
		return a.checkTargetRow(db, r)
	}
	ref, place := r.targetRef(), in.place()
	return func(ctx context.Context, tx mysqldb.Querier) error {
		return lineage.CheckChunk(ctx, db, tx, ref, place)
	}
}

// place is where the chunk is in the order of its plan. Places are compared as texts.
func (in UpsertChunkInput) place() string {
	return fmt.Sprintf("%06d/%02d/%010d/%010d/%019d", in.Range, in.Restarts, in.Slice, in.Part, in.FirstRow)
}

// markRange records on the target that a range of a first load is there.
func (a *Activities) markRange(ctx context.Context, row *TargetRow, i *int) error {
	if row == nil || i == nil {
		return nil
	}
	at := where{row.Connection, "mark a loaded range of " + row.Target.String()}
	db, err := a.deps.Target(ctx, row.Connection)
	if err == nil {
		err = lineage.MarkRange(ctx, db.DB, row.Ref, *i)
	}
	return translate(ctx, err, at)
}

// finishTarget records on the target that the run is there whole, before the watermark rises.
func (a *Activities) finishTarget(ctx context.Context, row *TargetRow, watermark string) error {
	if row == nil {
		return nil
	}
	at := where{row.Connection, "finish on " + row.Target.String()}
	db, err := a.deps.Target(ctx, row.Connection)
	if err != nil {
		return translate(ctx, err, at)
	}
	if v := row.Volatile; v != nil {
		if err := a.checkRestart(ctx, db.DB, row, *v); err != nil {
			return err
		}
	}
	return translate(ctx, lineage.Finish(ctx, db.DB, row.Ref, watermark), at)
}

// checkRestart fails where the target's server, which may lose commits in a crash, was started since
// the run was planned, unless the state row shows that every range of a first load is there: marks are
// committed after the rows that they speak of.
func (a *Activities) checkRestart(ctx context.Context, db *mysqldb.DB, row *TargetRow, v Volatile) error {
	at := where{row.Connection, "finish on " + row.Target.String()}
	started, err := lineage.Started(ctx, db)
	if err != nil {
		return translate(ctx, err, at)
	}
	if !v.restarted(started) {
		return nil
	}
	rows, err := lineage.Read(ctx, db, row.Target)
	if err != nil {
		return translate(ctx, err, at)
	}
	for _, r := range rows {
		if r.StateID != row.StateID || r.Fence != row.Fence {
			continue
		}
		finished := r.Run == row.Fence // by an earlier try of this step
		if finished || r.Done != "" && !strings.Contains(r.Done, "0") {
			return nil
		}
	}
	return failure.New(failure.TargetRestarted, fmt.Sprintf("the server of %s was started again during the run, and "+
		"may have lost rows that were committed", row.Target), "the rows are written again; set "+
		"innodb_flush_log_at_trx_commit = 1 on the target")
}

func (p *planDraft) identityShown() api.IdentityShown {
	if p.id.now.Target.Server.ID == "" {
		return api.IdentityShown{} // refused before the servers were asked
	}
	out := api.IdentityShown{Target: p.id.now.Target.Server.String()}
	if p.files == nil {
		out.Source = p.id.now.Source.String()
	}
	switch {
	case p.id.row != nil && p.id.row.Run > 0 && p.id.row.Watermark == "":
		out.Row = "there, no watermark"
	case p.id.row != nil && p.id.row.Run > 0:
		out.Row = "there, watermark " + p.id.row.Watermark
	case p.id.row != nil:
		out.Row = "there, no run was whole yet"
	case p.id.withoutRow != "":
		out.Row = withoutRow(p)
	default:
		out.Row = "the next run that writes makes it"
	}
	return out
}
