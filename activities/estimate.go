package activities

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/owner"
)

const (
	// guessedPace is rows per second if no run of the table shows it: a third of what two servers
	// on one machine do, since most are not.
	guessedPace = 50_000
	// overhead is what a run takes that reads nothing.
	overhead = 1.5
	// minPaceRows is how many rows a run must have had for its pace to count.
	minPaceRows = 5_000
)

// estimate says what the run would do.
func (p *planDraft) estimate(runs []owner.RunRecord) api.Estimate {
	out := api.Estimate{Basis: api.BasisGuess}
	out.Rows, out.Known = p.rowsToRead()
	if p.table.RowsEstimate > 0 {
		out.Bytes = int64(float64(p.table.Bytes) / float64(p.table.RowsEstimate) * float64(out.Rows))
	}
	byRows := (out.Rows + int64(p.settings.ChunkRows) - 1) / max(1, int64(p.settings.ChunkRows))
	byBytes := (out.Bytes + p.settings.ChunkBytes - 1) / max(1, p.settings.ChunkBytes)
	out.Chunks = max(byRows, byBytes)
	pace := float64(guessedPace)
	if earlier := paceOf(runs, p.mode); earlier > 0 {
		pace, out.Basis = earlier, api.BasisEarlier
	}
	out.Seconds = overhead + float64(out.Rows)/pace
	return out
}

// rowsToRead is the server's guess; false where it has none.
func (p *planDraft) rowsToRead() (int64, bool) {
	switch {
	case p.nothing:
		return p.tail.rows(p), true
	case p.byKey():
		return p.table.RowsEstimate, p.table.RowsEstimate > 0
	default:
		return p.windowRows + p.tail.rows(p), schema.CursorIndex(p.table, p.settings.Cursor) != ""
	}
}

// paceOf is rows per second of the table's last telling run, of the same mode where there is one; 0 for none.
func paceOf(runs []owner.RunRecord, mode string) float64 {
	var any float64
	for i := len(runs) - 1; i >= 0; i-- {
		r := runs[i]
		if r.Outcome != owner.OutcomeDone || r.Rows < minPaceRows || r.Seconds <= overhead {
			continue
		}
		pace := float64(r.Rows) / (r.Seconds - overhead)
		if r.Mode == mode {
			return pace
		}
		if any == 0 {
			any = pace
		}
	}
	return any
}

// guessedComparePace is rows per second of a comparison if none of the table shows it.
var guessedComparePace = map[string]float64{api.DepthDigest: 150_000, api.DepthSample: 150_000, api.DepthKeys: 400_000}

// estimateVerify says what a comparison would read.
func (p *planDraft) estimateVerify(
	in PlanVerifyInput, last *owner.VerifyRecord, dst *schema.Table, c *comparison,
) *api.VerifyEstimate {
	out := &api.VerifyEstimate{
		SourceRows: p.table.RowsEstimate, TargetRows: dst.RowsEstimate, Bytes: p.table.Bytes + dst.Bytes,
		Basis: api.BasisGuess,
	}
	if s := c.Sample; s != nil {
		part := min(1, float64(s.Rows[0])/float64(max(1, s.Total)))
		out.SourceRows, out.TargetRows = min(s.Rows[0], out.SourceRows), int64(part*float64(out.TargetRows))
		out.Bytes = int64(part * float64(out.Bytes))
	}
	pace := guessedComparePace[in.Depth]
	if last != nil && last.Depth == in.Depth && last.SourceRows >= minPaceRows && last.Seconds > overhead {
		pace, out.Basis = float64(last.SourceRows)/(last.Seconds-overhead), api.BasisEarlier
	}
	out.Seconds = overhead + float64(max(out.SourceRows, out.TargetRows))/pace
	return out
}
