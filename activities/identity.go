package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// identified is what a run knows of the identity of both sides before it writes.
type identified struct {
	// state is the table's, as far as it holds for what is there now.
	state owner.State
	now   owner.Identity
	// row is the target's own state row, nil where there is none; replaces are the ids of other
	// states that the run takes the target over from.
	row      *lineage.Row
	replaces []string
	// forget says that the target has lost all that the watermark promised, or that a full run makes it hold other
	// rows than those.
	forget bool
	// withoutRow says why no state row is kept; empty where one is.
	withoutRow string
	// changed is why the watermark does not speak of what is there now; empty where it does.
	changed string
}

const (
	// sampleRows are compared where servers do not say whether they share a history. A quarter of
	// them may differ: people change single rows of a target.
	sampleRows = 20
)

// identify compares the state's identity with what is there, and adapts the state where that is
// exact: a cursor with more digits, a target that has lost its last runs.
func (p *planDraft) identify(ctx context.Context, in PlanRunInput, keeper string) error {
	p.id.state = in.State
	others, err := p.lookAtIdentity(ctx, in.State, keeper)
	if err != nil {
		return err
	}
	takesOver, foreign := in.Full || in.State.Adopt, false
	p.id.now.Target.Row = p.id.row != nil
	for _, o := range others {
		foreign = foreign || o.Keeper != keeper
		if foreign && !takesOver {
			p.id.changed = fmt.Sprintf("the target %s is kept by another deployment (%s)", p.settings.Target, o.Keeper)
			return nil
		}
		p.id.replaces = append(p.id.replaces, o.StateID)
	}
	s := in.State
	switch {
	case in.Full:
		p.id.forget = p.voidsWatermark(s, foreign)
		return nil
	case p.targetLost || s.Adopt && watermarkOf(s, p.settings.Cursor) == "":
		return nil
	case s.Adopt: // the state has no identity to compare, and its watermark may be of another form
		return p.fitWatermark()
	}
	if p.files != nil {
		p.id.changed, err = p.compareFilesIdentity(ctx, s)
		return err
	}
	if promises := s.Watermark != "" && p.settings.Cursor != "" || s.FirstLoad != nil; !promises {
		return p.compareLoaded(ctx, s)
	}
	changed, err := p.compareIdentity(ctx, s.Identity)
	switch {
	case err != nil || changed == "":
		return err
	case s.Watermark == "":
		p.warnings = append(p.warnings, "the unfinished first load starts over: "+changed)
		p.id.state.FirstLoad = nil
	default:
		p.id.changed = changed
	}
	return nil
}

// lookAtIdentity asks both servers who they are, and reads the target's state rows. It returns those of other states.
func (p *planDraft) lookAtIdentity(
	ctx context.Context, s owner.State, keeper string,
) (others []lineage.Row, err error) {
	known := ""
	if s.Identity != nil {
		known = s.Identity.Source.History
	}
	now, target := &p.id.now, targetAt(p.settings)
	var rows []lineage.Row
	var noRows error
	err = p.dst.Together(func() (err error) {
		if p.files == nil {
			now.Source, err = lineage.ReadServer(ctx, p.src, known)
		}
		return translate(ctx, err, sourceAt(p.settings))
	}, func() (err error) {
		now.Target.Server, err = lineage.ReadServer(ctx, p.dst.DB, "")
		return translate(ctx, err, target)
	}, func() error {
		rows, noRows = lineage.Read(ctx, p.dst.DB, p.settings.Target)
		return nil
	})
	if err != nil {
		return nil, err
	}
	now.Target.Server.History = "" // the state row says more
	now.Target.Table, now.Key = p.settings.Target.String(), p.table.PrimaryKey
	now.Mapping = p.settings.Mapping.Digest()
	now.Columns = p.sourceColumns()
	if now.Write = p.settings.Write; now.Write == table.WriteUpsert {
		now.Write = "" // as states have it that are older than the modes
	}
	if c := p.table.Column(p.settings.Cursor); c != nil {
		now.Cursor, now.CursorType = c.Name, c.Type
		if c.Kind == table.KindDateTime || c.Kind == table.KindDate {
			now.CursorZone = p.settings.CursorZone
		}
	}
	if errors.Is(noRows, lineage.ErrNoStateTable) && (s.Identity == nil || !s.Identity.Target.Row) {
		p.id.withoutRow = "the login may not read it"
		return nil, nil
	}
	if noRows != nil {
		return nil, translate(ctx, noRows, target)
	}
	for i, r := range rows {
		if r.StateID != s.ID {
			// Another table of a shared target keeps its own row there. One of this table was left by a terminated
			// state workflow.
			if !p.settings.shared() || r.Keeper == keeper {
				others = append(others, r)
			}
			if r.Keeper == keeper && r.StateID != "" && s.Watermark == "" && !s.SetByHand {
				p.warnings = append(p.warnings, "the workflow that kept the watermark was terminated, and another one "+
					"has begun: the table is loaded again, and rows that are there are compared. tablehaul pause and "+
					"tablehaul cancel stop runs without that")
			}
			continue
		}
		p.id.row, now.Target.Run = &rows[i], r.Run
	}
	return others, nil
}

// keeper is how a state row names the state workflow of a table.
func (a *Activities) keeper(ctx context.Context, tbl string) string {
	return activity.GetInfo(ctx).Namespace + "/" + owner.WorkflowID(a.deps.TaskQueue, tbl)
}

// identityChanged is the refusal of a run whose watermark speaks of something else.
func (p *planDraft) identityChanged() error {
	if p.id.changed == "" {
		return nil
	}
	what, remedy := p.identityText()
	return failure.New(failure.IdentityChanged, what, remedy)
}

func (p *planDraft) identityText() (what, remedy string) {
	name := p.settings.Table.String()
	what = fmt.Sprintf("the watermark of %s does not speak of what is there now: %s", name, p.id.changed)
	holds := "all rows up to the watermark"
	if p.id.state.Watermark == "" {
		what, holds = fmt.Sprintf("%s cannot be written: %s", name, p.id.changed), "what it is to hold"
	}
	remedy = fmt.Sprintf("load it again with `tablehaul run %s --full`; or, where the target holds %s, "+
		"`tablehaul watermark adopt %s`", human.Arg(name), holds, human.Arg(name))
	return what, remedy
}
