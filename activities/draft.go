package activities

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// heldRetry is the pause before looking again at a source whose open work leaves nothing to read.
const heldRetry = 10 * time.Second

// planDraft is a run's plan in the making: what is known before anything is written.
type planDraft struct {
	settings Settings
	// raw is the source as it was read; table is what the mapping has made of it.
	raw *schema.Table
	// maskKey is the secret of the table's keyed masks.
	maskKey mask.Key
	src     *source.Source
	// instance is the server that the structure was read from.
	instance mysqldb.Instance
	dst      *target.Target
	table    *schema.Table
	target   target.Diff
	findings []table.Finding
	mode     string
	window   table.Window
	ranges   []piece
	// keyRanges are those of the key space where they were cut while the window was chosen.
	keyRanges []scan.KeyRange
	// rowsEstimate is the server's guess of the rows to read; 0 where a window is not large.
	rowsEstimate int64
	// windowRows is the server's guess of the rows of a window of any size.
	windowRows int64
	samples    []source.CursorSample
	heldBack   string
	// heldFor is how far open work holds the window's end back, 0 where none does.
	heldFor time.Duration
	// freshAt is the moment whose state of the source the target holds when the run is done; the
	// zero time where that is not known.
	freshAt  time.Time
	warnings []string
	// nothing says that the window is empty.
	nothing bool
	// preview says that no run follows: nothing waits for anything.
	preview bool
	// seen is what this run saw of the source, ahead is set where the watermark lies above all that it can have by now.
	seen  *source.Seen
	ahead *source.Ahead
	// lowered says that the window begins lower than the overlap, since cursors went back.
	lowered bool
	// tail is what lies above the window's end; tailLast says that the last range is it, and begins
	// when all others are done.
	tail     tail
	tailLast bool
	// clockBack is by how much the source's clock went back, where the next runs must know it; see State.
	clockBack  time.Duration
	clockUntil string
	// targetLost says that the target has no row, though earlier runs have written some.
	targetLost bool
	// leftOut says that an unfinished first load has created the target without all of its indexes.
	leftOut bool
	// files is set where the table is loaded from files, and has no source.
	files *filesDraft
	// id is what is known of the identity of both sides.
	id identified
}

// draft looks at both sides and chooses mode and window. It writes nothing.
func (a *Activities) draft(ctx context.Context, in PlanRunInput) (*planDraft, error) {
	settings, err := a.settings(in.Table)
	if err != nil {
		return nil, err
	}
	if settings.Files != nil {
		if !in.run {
			return nil, errNoSource(settings.Table.String())
		}
		return a.draftFiles(ctx, in, settings)
	}
	p := &planDraft{settings: settings, maskKey: a.maskKey(settings.Table), preview: in.preview}
	begun := time.Now()
	if err := a.inspect(ctx, p, in); err != nil {
		return nil, err
	}
	p.joinFindings()
	if p.refusal() != nil {
		return p, nil // the window of a refused table means nothing
	}
	if p.targetLost, err = p.hasLostTarget(ctx, in.State); err != nil {
		return nil, translate(ctx, err, targetAt(p.settings))
	}
	if err := p.identify(ctx, in, a.keeper(ctx, in.Table)); err != nil {
		return nil, err
	}
	if p.id.changed != "" {
		return p, nil
	}
	in.State = p.id.state
	if err := p.chooseMode(in); err != nil {
		return nil, err
	}
	if p.settings.Cursor != "" {
		if err := p.src.Together(p.windowQuestions(ctx, in)...); err != nil {
			return nil, err
		}
		p.addAheadFinding()
	}
	p.findings = append(p.findings, a.missingIndexes(ctx, in, p)...)
	if p.mode == api.ModeWhole || p.mode == api.ModeReplace { // every row is read after this moment
		p.freshAt = begun
	}
	for _, f := range p.findings {
		if f.Level == table.LevelWarn {
			p.warnings = append(p.warnings, findingText(f))
		}
	}
	if p.src.Instance() != p.instance {
		return nil, translate(ctx, mysqldb.ErrOtherServer, sourceAt(p.settings))
	}
	return p, nil
}

// windowQuestions choose the window. The key space of a source that is far away is cut meanwhile, where the run has no
// ranges yet: that depends on nothing but the table.
func (p *planDraft) windowQuestions(ctx context.Context, in PlanRunInput) []func() error {
	questions := []func() error{func() error {
		if err := p.chooseWindow(ctx, in); err != nil {
			return err
		}
		return p.chooseTail(ctx, in)
	}}
	if in.run && p.src.IsFar() && p.mode == api.ModeFirstLoad && (in.Full || in.State.FirstLoad == nil) {
		questions = append(questions, func() (err error) {
			p.keyRanges, err = p.cutKeySpace(ctx)
			return translate(ctx, err, p.cutAt())
		})
	}
	return questions
}

func sourceAt(s Settings) where {
	return where{s.SourceConnection, "read the structure of " + s.Table.String()}
}

func targetAt(s Settings) where {
	return where{s.TargetConnection, "read the structure of " + s.Target.String()}
}

// inspect looks at both sides and compares them. A target that is far away is asked while the source is.
func (a *Activities) inspect(ctx context.Context, p *planDraft, in PlanRunInput) (err error) {
	if p.src, err = a.deps.Source(ctx, p.settings.SourceConnection); err != nil {
		return lookupFailure(ctx, err, sourceAt(p.settings))
	}
	dst, noTarget := a.deps.Target(ctx, p.settings.TargetConnection)
	var look func() (*target.Look, error)
	if noTarget == nil && dst.IsFar() {
		ahead, cancel := context.WithCancel(ctx)
		name := p.settings.Target
		look = sync.OnceValues(func() (*target.Look, error) { return dst.LookAt(ahead, name) })
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_, _ = look() // who needs it gets its error
		}()
		defer func() { cancel(); <-asked }()
	}
	if err := p.inspectSource(ctx); err != nil {
		return err
	}
	if p.dst = dst; noTarget != nil {
		return translate(ctx, noTarget, targetAt(p.settings))
	}
	return a.inspectTarget(ctx, p, in, look)
}

// inspectSource reads the source table's structure, checks it, and applies the mapping.
func (p *planDraft) inspectSource(ctx context.Context) error {
	at := sourceAt(p.settings)
	raw, err := schema.Read(ctx, p.src, p.settings.Table)
	if err != nil {
		return lookupFailure(ctx, err, at)
	}
	p.instance = p.src.Instance()
	if err := p.mapSource(ctx, raw); err != nil {
		return lookupFailure(ctx, err, at)
	}
	return nil
}

// inspectTarget compares the target table with the source table, and says what has to be created or widened.
// look is what it has said of itself already, nil where it is to be asked.
func (a *Activities) inspectTarget(
	ctx context.Context, p *planDraft, in PlanRunInput, look func() (*target.Look, error),
) (err error) {
	at, s := targetAt(p.settings), p.settings
	o := target.Options{
		Create: s.CreateTarget, Contract: s.Schema, Cursor: s.Cursor, Mapped: !s.Mapping.IsZero(),
		Watermark: watermarkOf(in.State, s.Cursor), Rewrites: rewrites(in, s.Cursor) || s.Replace != nil,
		Replace:      s.UniqueConflicts == string(upsert.DeleteConflicts),
		SoftColumn:   s.Deletes.softColumn(),
		Had:          hadColumns(in),
		Beside:       s.Replace != nil,
		Whole:        s.Cursor == "" && s.Replace == nil,
		DeferIndexes: s.IndexesAfterLoad,
		HasReplicas:  len(s.Throttle.Replicas) > 0,
		BulkLoad:     s.BulkLoad,
		Look:         look,
	}
	if p.leftOut = leftOut(in.State, s.Target); p.leftOut {
		o.DeferIndexes = table.IndexesAfterLoad // as the load has begun
	}
	p.target, err = p.dst.Compare(ctx, p.src, p.wanted(), s.Target, o)
	if err != nil {
		return lookupFailure(ctx, err, at)
	}
	p.asRead()
	if err := p.checkReplaceable(ctx); err != nil {
		return translate(ctx, err, at)
	}
	return a.checkSharedTarget(ctx, p)
}

// hasLostTarget reports whether the target has no row at all where the state says that runs have
// written rows: it was dropped or emptied, and what the watermark promises is not there. One
// that is about to be created has none either; a retry of this step finds it created, and empty. One that others share
// counts as not lost where a look at their rows takes too long.
func (p *planDraft) hasLostTarget(ctx context.Context, s owner.State) (bool, error) {
	loaded := s.Loaded && (s.Watermark != "" || p.files != nil && s.Files != nil) || s.FirstLoad.HasRanges()
	if p.settings.Replace != nil {
		// Each run loads all rows; of files, one may have been right to empty the target.
		return loaded && p.files != nil && p.target.Create, nil
	}
	if !loaded || p.target.Create {
		return loaded, nil
	}
	rows, _, err := p.hasOwnRows(ctx)
	return !rows, err
}

func (p *planDraft) chooseMode(in PlanRunInput) error {
	backfill := in.From != "" || in.To != ""
	switch {
	case p.settings.Replace != nil && !in.compare:
		return p.chooseReplace(in, backfill)
	case backfill && in.Full:
		return invalidInput("full and from/to together", "full reads the whole table: give one or the other")
	case backfill && p.settings.Cursor == "":
		return invalidInput("from/to for table "+in.Table+", which has no cursor",
			"set cursor: for the table, or leave from and to out")
	case backfill && p.targetLost:
		return invalidInput("from/to for table "+in.Table+", whose target has lost its rows",
			"start once without from and to: the table is then loaded again")
	case backfill:
		p.mode = api.ModeBackfill
	case p.settings.Cursor == "":
		p.mode = api.ModeWhole
	case in.Full || in.State.Watermark == "":
		p.mode = api.ModeFirstLoad
	case p.targetLost:
		p.mode = api.ModeFirstLoad
		p.warnings = append(p.warnings, fmt.Sprintf("the target %s has no row, and the watermark says %s: the table "+
			"is loaded again", p.settings.Target, in.State.Watermark))
	case in.State.Cursor != "" && !table.SameColumn(in.State.Cursor, p.settings.Cursor):
		return invalidInput(fmt.Sprintf("the watermark of %s is of cursor %s, the configuration now says %s", in.Table,
			in.State.Cursor, p.settings.Cursor), `start once with "full":true, or set the watermark by hand`)
	default:
		p.mode = api.ModeIncremental
	}
	return nil
}

// byKey says whether ranges are of the key space.
func (p *planDraft) byKey() bool {
	return p.mode == api.ModeFirstLoad || p.mode == api.ModeWhole || p.mode == api.ModeReplace
}
