package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// partKind is what a part does.
type partKind string

const (
	partSource  partKind = "source"
	partLoad    partKind = "first load"
	partChanges partKind = "changes"
	partVerify  partKind = "verify"
)

// part is one step of bench-large. That of the source has no tool.
type part struct {
	tool tool
	what partKind
}

// begins says that the part empties the target before.
func (p part) begins() bool { return p.what == partLoad }

func (p part) title() string {
	if p.what == partSource {
		return "the source"
	}
	return p.tool.name + ", " + string(p.what)
}

// name is that of the part's files.
func (p part) name() string {
	return strings.NewReplacer(", ", "-", " ", "-").Replace(p.title())
}

const (
	begunSuffix = ".begun"
	doneSuffix  = ".json"
	// onTarget is the file that names the tool whose rows the target has.
	onTarget = "target"
)

// file is a file of the parts.
func (l *large) file(name string) string { return l.kept + "/parts/" + name }

func (l *large) begun(p part) bool {
	_, err := os.Stat(l.file(p.name() + begunSuffix))
	return err == nil
}

// partResult is what a part's file holds. Zero figures were not measured.
type partResult struct {
	Part    string    `json:"part"`
	Version string    `json:"version,omitempty"`
	Servers string    `json:"servers"`
	Machine string    `json:"machine"`
	Ended   time.Time `json:"ended"`
	Rows    int64     `json:"rows"`
	Seconds float64   `json:"seconds"`
	// Longest is the longest transaction on the target, in seconds; of verify, the longest statement on either side.
	Longest float64 `json:"longest"`
	// Sampled says that transactions were looked for now and then.
	Sampled bool `json:"sampled,omitempty"`
	// P99 is of the other clients on the source and on the target, in milliseconds; Locked are their errors 1205 and
	// 1213.
	P99    [2]float64 `json:"p99"`
	Locked int        `json:"locked"`
	// PeakMiB and WorkerMiB are resident memory, StagedMiB is what the tool kept in files and staging tables.
	PeakMiB   int64 `json:"peakMiB"`
	WorkerMiB int64 `json:"workerMiB,omitempty"`
	StagedMiB int64 `json:"stagedMiB"`
	// Processor is the tool's, the source server's and the target server's, in seconds.
	Processor [3]float64 `json:"processor"`
	// Sides says whether both sides are equal afterwards; Failure is the tool's message.
	Sides   string `json:"sides,omitempty"`
	Failure string `json:"failure,omitempty"`
	// NotWithin is the time, in seconds, after which a part that was not done was ended: see TIMEOUT.
	NotWithin float64 `json:"notWithin,omitempty"`
}

func (r partResult) String() string {
	if r.Failure != "" {
		return "failed: " + r.Failure
	}
	text := fmt.Sprintf("%s rows in %.1f s, %s rows/s", scene.Number(r.Rows), r.Seconds, scene.Number(r.rate()))
	if r.P99 != [2]float64{} {
		text += fmt.Sprintf("; longest transaction %.2f s; other clients' p99 %.1f / %.1f ms; memory %d MiB (worker "+
			"%d); staged %d MiB", r.Longest, r.P99[0], r.P99[1], r.PeakMiB, r.WorkerMiB, r.StagedMiB)
	}
	if r.Sides != "" {
		text += "; both sides: " + r.Sides
	}
	return text
}

func (r partResult) rate() int64 { return int64(float64(r.Rows) / max(r.Seconds, 1e-3)) }

// allParts are the parts in their order.
func allParts() []part {
	parts := []part{{what: partSource}}
	for _, t := range largeTools() {
		parts = append(parts, part{t, partLoad}, part{t, partChanges})
		if t.command == nil {
			parts = append(parts, part{t, partVerify})
		}
	}
	return parts
}

// missing are the parts that are to be done now: not done yet, and of a tool that has a turn. Where the rows of another
// tool are on the target, a tool begins with its first load again.
func (l *large) missing() (parts []part, err error) {
	owner, err := os.ReadFile(l.file(onTarget))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	again := map[string]bool{}
	for _, p := range allParts() {
		if p.what != partSource && !l.wants(p.tool) {
			continue
		}
		_, done, err := l.kind(p)
		if err != nil {
			return nil, err
		}
		if done || l.failed(p.tool) {
			say(l.out, "done: %s", p.title())
			continue
		}
		if p.what != partSource && !p.begins() && string(owner) != p.tool.name && !again[p.tool.name] {
			if _, loads, err := l.kind(part{p.tool, partLoad}); err != nil {
				return nil, err
			} else if loads {
				parts = append(parts, part{p.tool, partLoad})
			}
		}
		again[p.tool.name] = true
		parts = append(parts, p)
	}
	return parts, nil
}

// kind is the kept result of a part; done is false where there is none.
func (l *large) kind(p part) (r partResult, done bool, err error) {
	text, err := os.ReadFile(l.file(p.name() + doneSuffix))
	if errors.Is(err, os.ErrNotExist) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err == nil, err
}

func (l *large) failed(t tool) bool {
	for _, p := range allParts() {
		if r, done, err := l.kind(p); err == nil && done && p.what != partSource && p.tool.name == t.name &&
			r.Failure != "" {
			return true
		}
	}
	return false
}

// keep writes a result, and takes the mark away that says that the part is under way.
func (l *large) keep(ctx context.Context, p part, r partResult) error {
	r.Part, r.Servers, r.Ended = p.title(), l.a.Target.String(), time.Now().UTC().Truncate(time.Second)
	r.Machine = machine.This(ctx).Brief()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file := l.file(p.name() + doneSuffix)
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return errors.Join(os.Rename(file+".new", file), os.Remove(l.file(p.name()+begunSuffix)))
}

// results are those of the parts that are done, in their order.
func (l *large) results() (results []partResult, err error) {
	for _, p := range allParts() {
		r, done, err := l.kind(p)
		if err != nil {
			return nil, err
		}
		if done {
			results = append(results, r)
		}
	}
	return results, nil
}

// result does a part. again says that an earlier call has begun it.
func (l *large) result(ctx context.Context, p part, again bool) (partResult, error) {
	if p.what == partSource {
		return l.makeSource(ctx)
	}
	if p.begins() {
		l.stopWorker()
		if err := os.WriteFile(l.file(onTarget), nil, 0o644); err != nil {
			return partResult{}, err
		}
		if err := l.a.resetTarget(ctx); err != nil {
			return partResult{}, err
		}
		if err := os.WriteFile(l.file(onTarget), []byte(p.tool.name), 0o644); err != nil {
			return partResult{}, err
		}
		if l.report != "" {
			if err := machine.AwaitQuiet(ctx); err != nil {
				return partResult{}, err
			}
		}
	}
	var err error
	if l.a.created, err = showCreate(ctx, l.a.SourceDB); err != nil {
		return partResult{}, err
	}
	if p.tool.command == nil && l.a.worker == nil {
		if l.a.worker, err = l.a.startWorker(ctx); err != nil {
			return partResult{}, err
		}
	}
	return l.measure(ctx, p, again)
}

func (l *large) stopWorker() {
	if l.a.worker != nil {
		_ = l.a.worker.Stop(workerStop)
		l.a.worker = nil
	}
}

func (l *large) makeSource(ctx context.Context) (partResult, error) {
	began, said := time.Now(), time.Now()
	err := scene.LoadMissing(ctx, l.a.SourceDB, l.rows, func(rows int) {
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			l.a.Say("%s rows", scene.Number(int64(rows)))
		}
	})
	return partResult{Rows: int64(l.rows), Seconds: time.Since(began).Seconds()}, err
}

// compareBoth runs the workflow that people start to compare both sides.
func (a *arena) compareBoth(ctx context.Context) (r api.VerifyTableResult, err error) {
	run, err := a.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: api.VerifyTableID(workflows.TaskQueue, scene.Table), TaskQueue: workflows.TaskQueue,
	}, api.VerifyTableName, api.VerifyTableInput{Table: scene.Table})
	if err == nil {
		err = run.Get(ctx, &r)
	}
	return r, err
}
