package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Current details are what the Web UI shows of a running workflow, in Markdown. They say the same as the query
// "status", in words. No line begins with a table's name or a text of a server, so that neither is taken for Markdown.

// shownRanges is how many ranges under way are named.
const shownRanges = 8

// shownRuns is how many of a table's last runs its state workflow shows.
const shownRuns = 10

// PlanDetails are the static details of a preview.
const PlanDetails = api.PlanDetails

// SyncDetails are the static details of a run.
func SyncDetails(in SyncTableInput) string { return api.SyncDetails(in) }

// statusDetails is a run in Markdown. now is when it was like that: details of a run that waits for
// a step are as old as the step.
func statusDetails(s *Status, now time.Time) string {
	var b strings.Builder
	headline(s, &b)
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "- **%s:** %s\n", key, fmt.Sprintf(format, args...))
	}
	b.WriteString(asOf(s.Started, now))
	if s.Failure != "" {
		line("Ended", "%s", s.Failure)
	}
	if s.Mode != "" {
		line("Progress", "%s", progressText(s))
	}
	if s.Window.Hi != "" {
		line("Window", "`%s`", s.Window)
	}
	if lag, known := s.Lag(now); known {
		line("Lag", "%s; the target holds what was committed by %s", lag.Round(time.Second), timeText(s.FreshAt))
	}
	for _, w := range s.Waits {
		line("Waits", "held back since %s: %s", timeText(w.Since), w.Reason)
	}
	if s.ChunkRows > 0 {
		line("Pace", "%s", paceText(s))
	}
	for i, r := range s.Running {
		if i == shownRanges {
			line("Under way", "%s more", human.Count(len(s.Running)-i, "range"))
			break
		}
		line("Under way", "`%s`, %s", r.WorkflowID, chunksText(r.ChunksDone, r.Chunks))
	}
	if s.Phase != PhaseDone && s.Failure == "" {
		b.WriteString("\nWhat a step waits for, if anything, is under Pending Activities.\n")
	}
	return b.String()
}

func headline(s *Status, b *strings.Builder) {
	fmt.Fprintf(b, "**%s**", s.Phase)
	if s.Mode != "" {
		fmt.Fprintf(b, " of %s %s", article(s.Mode), modeText(s.Mode))
	}
	fmt.Fprintf(b, " of **%s**", s.Table)
	if s.Target != "" {
		fmt.Fprintf(b, " into **%s**", s.Target)
	}
	if p, known := percent(s); known {
		fmt.Fprintf(b, ", %d%% done", p)
	}
	b.WriteString("\n\n")
}

// article is "a" or "an" for a mode.
func article(mode string) string {
	if mode == api.ModeIncremental {
		return "an"
	}
	return "a"
}

// modeText is a mode as a noun.
func modeText(mode string) string {
	switch mode {
	case api.ModeIncremental:
		return "incremental run"
	case api.ModeWhole:
		return "whole read"
	case api.ModeFiles:
		return "load of files"
	}
	return mode
}

func progressText(s *Status) string {
	rows := human.Count(s.RowsWritten, "row") + " written, "
	if s.RowsTotal > 0 {
		rows += fmt.Sprintf("%s read of about %s", humanize.Comma(s.RowsExtracted), humanize.Comma(s.RowsTotal))
	} else {
		rows += humanize.Comma(s.RowsExtracted) + " read"
	}
	text := rows + "; " + chunksText(s.ChunksDone, s.Chunks)
	if s.Ranges > 1 {
		text += fmt.Sprintf("; %d of %s", s.RangesDone, human.Count(s.Ranges, "range"))
	}
	return text
}

func chunksText(done, all int64) string {
	return fmt.Sprintf("%s of %s", humanize.Comma(done), human.Count(all, "chunk"))
}

// paceText says that chunks are smaller than configured.
func paceText(s *Status) string {
	return fmt.Sprintf("the target is slow or its rows are locked: chunks of %s at most, %d at once",
		human.Count(s.ChunkRows, "row"), s.WriteLimit)
}

// percent is how much of the run is done, roughly: estimates of rows are rough, and a run of one range knows its
// chunks only after it has read them. It is below 100 before the end.
func percent(s *Status) (int64, bool) {
	var parts []float64
	switch {
	case s.Phase == PhaseDone:
		return 100, true
	case s.Ranges > 1:
		parts = append(parts, float64(s.RangesDone)/float64(s.Ranges))
	case s.Chunks > 0:
		parts = append(parts, float64(s.ChunksDone)/float64(s.Chunks))
	}
	if s.RowsTotal > 0 {
		parts = append(parts, float64(s.RowsWritten)/float64(s.RowsTotal))
	}
	if len(parts) == 0 {
		return 0, false
	}
	return min(99, int64(100*slices.Max(parts))), true
}

// rangeDetails is a range in Markdown.
func rangeDetails(st Status, n int, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** of range %d of %d of **%s**\n\n", st.Phase, n+1, st.Ranges, st.Table)
	b.WriteString(asOf(st.Started, now))
	fmt.Fprintf(&b, "- **Progress:** %s written, %s read; %s\n",
		human.Count(st.RowsWritten, "row"), humanize.Comma(st.RowsExtracted), chunksText(st.ChunksDone, st.Chunks))
	if st.ChunkRows > 0 {
		fmt.Fprintf(&b, "- **Pace:** %s\n", paceText(&st))
	}
	return b.String()
}

// stateDetails is a table's state in Markdown.
func stateDetails(s owner.State) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** watermark `%s`\n\n", s.Table, orNone(s.Watermark))
	if !s.FreshAt.IsZero() {
		fmt.Fprintf(&b, "- **Fresh:** the target holds what was committed by %s\n", timeText(s.FreshAt))
	}
	if l := s.Lease; l != nil {
		what := "Written by"
		if l.Slice {
			what = "Compared by"
		}
		fmt.Fprintf(&b, "- **%s:** `%s` since %s\n", what, l.WorkflowID, timeText(l.Since))
	}
	if f := s.FirstLoad; f != nil {
		what := "First load"
		if f.Files != nil {
			what = "Unfinished run"
		}
		fmt.Fprintf(&b, "- **%s:** %s\n", what, f)
	}
	if s.Files != nil {
		fmt.Fprintf(&b, "- **Files:** %s\n", s.Files)
	}
	if s.HeldBack != "" {
		fmt.Fprintf(&b, "- **Held back:** %s\n", s.HeldBack)
	}
	if v := s.LastVerify; v != nil {
		fmt.Fprintf(&b, "- **Verified** at %s: %s\n", timeText(v.At), verifiedText(v))
	}
	if d := s.LastSweep; d != nil {
		fmt.Fprintf(&b, "- **Deletes swept** at %s: %s\n", timeText(d.At), sweptText(d))
	}
	if s.DeletesPaused {
		fmt.Fprintf(&b, "- **Deletes paused:** %s\n", s.DeletesPausedReason)
	}
	for i := len(s.LastRuns) - 1; i >= 0 && i >= len(s.LastRuns)-shownRuns; i-- {
		b.WriteString(recordText(s.LastRuns[i]))
	}
	return b.String()
}

// sweptText is what a sweep of deletes did.
func sweptText(d *owner.SweepRecord) string {
	if d.Held != "" {
		return "stopped: " + d.Held
	}
	return fmt.Sprintf("%s found, %s deleted (%s)", human.Count(d.Found, "row"), humanize.Comma(d.Deleted), d.Mode)
}

// verifiedText is what a comparison found.
func verifiedText(v *owner.VerifyRecord) string {
	if n := v.DifferingEarlier(); n > 0 {
		return foundText(v) + "; " + human.Count(n, "row") + " differed at " + timeText(v.EarlierAt) +
			", and none has looked at them since"
	}
	return foundText(v)
}

func foundText(v *owner.VerifyRecord) string {
	if !v.Differs {
		return "equal"
	}
	var found []string
	for _, verdict := range verify.Differences() {
		if n := v.Verdicts[verdict]; n > 0 {
			found = append(found, humanize.Comma(n)+" "+string(verdict))
		}
	}
	return human.Clause(v.Differing(), "row", "differs", "differ") + " (" + strings.Join(found, ", ") + ")"
}

func recordText(r owner.RunRecord) string {
	mode := r.Mode
	if mode == "" {
		mode = "run" // it ended before there was a plan
	}
	text := fmt.Sprintf("- **Run** of %s: %s %s, %s in %s", timeText(r.Finished), mode, r.Outcome,
		human.Count(r.Rows, "row"),
		time.Duration(r.Seconds*float64(time.Second)).Round(100*time.Millisecond))
	if r.NewerOnTarget > 0 {
		text += fmt.Sprintf(", %s newer on the target", humanize.Comma(r.NewerOnTarget))
	}
	if r.Existing > 0 {
		text += fmt.Sprintf(", %s existing", humanize.Comma(r.Existing))
	}
	if r.Failure != "" {
		text += ": " + r.Failure
	}
	return text + "\n"
}

// asOf says how old the text is: a workflow writes it when a step ends, and not in between.
func asOf(started, now time.Time) string {
	return fmt.Sprintf("- **As of:** %s; begun at %s\n", timeText(now), timeText(started))
}

// timeText is a moment for people: UTC, to the second.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
