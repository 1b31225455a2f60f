package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Kinds of an issue.
const (
	issueFailed        = "failed"
	issueStale         = "stale"
	issueNoWorker      = "noWorker"
	issueNoAnswer      = "noAnswer"
	issueWaits         = "waits"
	issueHeld          = "held"
	issueQuarantined   = "quarantined"
	issueDeletesHeld   = "deletesHeld"
	issueDeletesPaused = "deletesPaused"
	issueDiffers       = "differs"
	issuePaused        = "paused"
	issueSettings      = "settings"
	issueUnscheduled   = "unscheduled"
	issueNever         = "never"
	issueVersion       = "version"
)

// issue is one thing that is wrong with a table.
type issue struct {
	// Kind is one of issue….
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"`
	// Text follows the name of the table. Remedy is what to do; empty where the advice on Type says it.
	Text   string `json:"text"`
	Remedy string `json:"remedy,omitempty"`
	// Strict says that status --strict fails because of it.
	Strict bool `json:"strict,omitempty"`
}

// longWait is how long a step waits before status --strict fails.
const longWait = 15 * time.Minute

// serious reports whether an issue is red: the target does not follow the source.
func (m issue) serious() bool {
	return m.Kind == issueFailed || m.Kind == issueStale || m.Kind == issueNoWorker
}

// remedy is what to do about an issue of a table; empty where that is not known.
func (m issue) remedy(tbl string) string { return cmp.Or(m.Remedy, remedyOf(m.Type, tbl)) }

// issuesOf returns what is wrong with a table, the most serious first.
func issuesOf(one tableStatus) []issue {
	var out []issue
	if one.NoAnswer != "" && !one.noWorker {
		out = append(out, issue{Kind: issueNoAnswer, Text: "gives no answer: " + one.NoAnswer, Strict: true})
	}
	out = append(out, queuedIssues(one)...)
	if one.State == nil {
		if one.NoAnswer == "" && one.Queued == nil {
			out = append(out, issue{
				Kind: issueNever, Text: "has never had a run",
				Remedy: "tablehaul plan " + human.Arg(one.Table) + " shows what the first run would do",
			})
		}
		return append(out, configIssues(one)...)
	}
	if f := one.Failure; f != nil && one.Run == nil {
		out = append(out, issue{
			Kind: issueFailed, Type: f.Type, Text: "failed: " + f.Type + ": " + f.Message, Strict: true,
			Remedy: f.Remedy,
		})
	}
	if one.Ended != "" {
		out = append(out, issue{
			Kind: issueFailed, Type: failure.EndTerminated, Text: "idle; the last run was " + one.Ended,
		})
	}
	out = append(out, staleIssues(one)...)
	out = append(out, waitIssues(one, time.Now())...)
	out = append(out, rowIssues(one.State)...)
	if v := one.State.LastVerify; v.IsOpen() {
		out = append(out, issue{Kind: issueDiffers, Text: "was verified " + verifiedText(one.State)})
	}
	if s := one.Schedule; s != nil && s.Paused {
		out = append(out, issue{
			Kind: issuePaused, Text: "is paused: " + cmp.Or(s.Note, "its schedule starts no run"),
			Remedy: "tablehaul resume " + human.Arg(one.Table),
		})
	}
	if v := one.State.Version; v > owner.StateVersion {
		out = append(out, issue{
			Kind: issueVersion, Text: fmt.Sprintf("has a state of version %d, and this command line reads up to %d: "+
				"what it does not know is not shown", v, owner.StateVersion),
			Remedy: "upgrade this command line to the version of the workers: tablehaul version says which it is",
		})
	}
	return append(out, configIssues(one)...)
}

// queuedIssues says that a run has been started and no worker has begun it.
func queuedIssues(one tableStatus) []issue {
	if one.Queued == nil || !one.noWorker {
		return nil
	}
	return []issue{{
		Kind: issueNoWorker, Text: "waits for a worker: " + one.Queued.String() + " has been started", Strict: true,
		Remedy: "start a worker of this task queue; the run goes on by itself",
	}}
}

// staleIssues says that the target is further behind than its table's staleAfter, and why.
func staleIssues(one tableStatus) []issue {
	if !one.Stale {
		return nil
	}
	m := issue{
		Kind: issueStale, Strict: true, Text: fmt.Sprintf("is stale: %s behind the source, staleAfter is %s",
			lagCell(one), human.Seconds(*one.StaleAfterSeconds)),
	}
	switch s := one.Schedule; {
	case one.Run != nil:
		m.Remedy = "a run goes on: wait for it; tablehaul status " + human.Arg(one.Table) + " --follow shows it"
	case one.Failure != nil:
		m.Remedy = "its last run failed: cure that first"
	case s != nil && s.Paused:
		m.Remedy = "tablehaul resume " + human.Arg(one.Table)
	case one.State.HeldBack != "":
		m.Remedy = "open work on the source holds it back: " + one.State.HeldBack
		if one.State.Files != nil {
			m.Remedy = "files are not complete: " + one.State.HeldBack
		}
	case one.Unscheduled:
		m.Remedy = "tablehaul schedule apply " + human.Arg(one.Table) + ", or tablehaul run " + human.Arg(one.Table)
	case s != nil && !s.Next.IsZero():
		m.Remedy = "tablehaul run " + human.Arg(one.Table) + " runs it before its schedule does (" + nextText(*s) +
			"); where this comes again, make staleAfter longer than the schedule's gaps"
	default:
		m.Remedy = "tablehaul run " + human.Arg(one.Table)
	}
	return []issue{m}
}

// heldRemedy is what to do about open work that keeps a window's end back: runs go on, up to there.
const heldRemedy = "runs go on, and the target is as fresh as the beginning of that work. Let it end, or end it on " +
	"the source: KILL and the connection's number, or XA ROLLBACK of a prepared transaction"

// advice is that on the issue's type; false where its remedy says more. That on open work is about a first load.
func (m issue) advice() (failure.Advice, bool) {
	if m.Kind == issueHeld && m.Remedy != "" {
		return failure.Advice{}, false
	}
	return failure.AdviceOn(m.Type)
}

// atLastRun dates what the last run has found, and what may be over by now.
func atLastRun(state owner.State) string {
	if len(state.LastRuns) == 0 {
		return ""
	}
	return " (at the last run, " + age(state.LastRuns[len(state.LastRuns)-1].Finished) + " ago)"
}

// waitIssues are what the run waits for, and what holds the watermark back.
func waitIssues(one tableStatus, now time.Time) (out []issue) {
	if one.Run == nil {
		if one.State.HeldBack != "" {
			m := issue{
				Kind: issueHeld, Type: failure.OpenTransactions,
				Text:   "held back: " + one.State.HeldBack + atLastRun(*one.State),
				Remedy: heldRemedy,
			}
			if one.State.Files != nil {
				m.Type, m.Text, m.Remedy = failure.FilesIncomplete, "waits for files: "+one.State.HeldBack, ""
				m.Remedy = "the next run loads them when they are complete; where they never will be, remove them, " +
					"after tablehaul load " + human.Arg(one.Table) + " FILE where their rows are wanted"
			}
			out = append(out, m)
		}
		return out
	}
	for _, w := range one.Run.Waits {
		m := issue{Kind: issueWaits, Type: w.Type, Text: waitText(w, now)}
		if w.Step == "" {
			m.Kind = issueHeld
			if one.State.Files == nil {
				m.Remedy = heldRemedy
			}
		}
		m.Strict = w.Step != "" && !w.Since.IsZero() && now.Sub(w.Since) >= longWait
		out = append(out, m)
	}
	return out
}

// rowIssues are rows that need a person: those in quarantine, and those that no sweep deletes.
func rowIssues(state *owner.State) (out []issue) {
	if text := quarantineText(state.Quarantine); text != "" {
		out = append(out, issue{
			Kind: issueQuarantined, Text: "has " + text,
			Remedy: "tablehaul quarantine show " + human.Arg(state.Table) + " lists them",
		})
	}
	switch d := state.LastSweep; {
	case state.DeletesPaused:
		out = append(out, issue{Kind: issueDeletesPaused, Text: "deletes are " + sweptText(state)})
	case d != nil && d.Held != "":
		out = append(out, issue{
			Kind: issueDeletesHeld, Type: failure.DeletesHeld, Text: "deletes: " + sweptText(state),
		})
	}
	return out
}

// configIssues are where the file at hand, the worker and Temporal's schedules disagree about a table.
func configIssues(one tableStatus) (out []issue) {
	remedy := "see in the worker's log whether it has read the file, or name the worker's file with --config"
	if r := one.refused; r != nil {
		remedy = refusedText(r) + "; " + refusedRemedy(r)
	}
	switch one.Settings {
	case settingsDiffer:
		out = append(out, issue{
			Kind: issueSettings, Text: "has other settings in the worker than in the file at hand",
			Remedy: remedy,
		})
	case settingsMissing:
		out = append(out, issue{
			Kind: issueSettings, Text: "is not in the worker's configuration",
			Remedy: remedy,
		})
	}
	if one.Unscheduled {
		out = append(out, issue{
			Kind: issueUnscheduled, Text: "has a schedule in the configuration and none in Temporal",
			Remedy: "tablehaul schedule apply " + human.Arg(one.Table),
		})
	}
	return out
}

// staleAfterOf is the table's staleAfter; 0 is never. Where no file is at hand, it is that of the last run.
func staleAfterOf(t *config.Table, state *owner.State) time.Duration {
	var set owner.NoticeSettings
	switch {
	case t != nil:
		set = owner.NoticeSettings{StaleAfter: t.StaleAfter, StaleByDefault: t.StaleByDefault}
	case state != nil && state.Notices != nil:
		set = state.Notices.NoticeSettings
	}
	if state == nil {
		return set.StaleAfter
	}
	return state.StaleLimit(set)
}
