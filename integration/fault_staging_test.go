package integration_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/file"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// faulty is the file store with a hook after each file that it has written, by folder.
type faulty struct {
	staging.Store
	folder string
}

var hooks struct {
	sync.Mutex
	written map[string]func(path string) error
}

func init() {
	hooks.written = map[string]func(string) error{}
	staging.Register("faulty", func(u *url.URL) (staging.Store, error) {
		s, err := file.Open(u.Path)
		return faulty{s, u.Path}, err
	})
}

func (s faulty) after(key string, err error) error {
	hooks.Lock()
	f := hooks.written[s.folder]
	hooks.Unlock()
	if err != nil || f == nil {
		return err
	}
	return f(filepath.Join(s.folder, key))
}

func (s faulty) Put(ctx context.Context, key string, r io.Reader) error {
	return s.after(key, s.Store.Put(ctx, key, r))
}

func (s faulty) PutNew(ctx context.Context, key string, r io.Reader) error {
	return s.after(key, s.Store.PutNew(ctx, key, r))
}

func (s faulty) SweepTemp(older time.Duration) (int, error) {
	return s.Store.(*file.Store).SweepTemp(older)
}

// onWritten calls f for each staged file of a product that was started with faulty staging,
// once it is complete; an error of f is that of the write.
func (p *product) onWritten(f func(path string) error) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.written[p.staging()] = f
}

// startFaulty starts a product whose staging has hooks, with changes to its configuration.
func startFaulty(t *testing.T, o options, changes ...func(*config.Config)) *product {
	t.Helper()
	o.idle = true
	p := start(t, o)
	cfg, err := config.LoadFile(p.config(), os.Getenv)
	require.NoError(t, err)
	cfg.Staging.URL = strings.Replace(cfg.Staging.URL, "file:", "faulty:", 1)
	for _, change := range changes {
		change(cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{
			Config: cfg, Getenv: os.Getenv, Client: p.client,
			TaskQueue: p.queue,
		})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return p
}

// spoil changes a file in place.
func spoil(path string, change func([]byte) []byte) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, change(b), 0o600)
}

func flipped(b []byte) []byte { b[len(b)/3] ^= 1; return b }
func half(b []byte) []byte    { return b[:len(b)/2] }

// What is staged is checked before a row of it is written; the window is read again.
func TestSpoiledFilesAreExtractedAgain(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"one bit": flipped, "cut short": half,
		"empty": func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startFaulty(t, options{tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
			exec(t, p.src, createT, insertT(1, 1000), old)
			spoiled := 0
			p.onWritten(func(path string) error {
				if !isPart(path) || spoiled > 0 {
					return nil
				}
				spoiled++
				return spoil(path, change)
			})
			r := p.sync("t")
			require.Equal(t, 1, spoiled)
			require.EqualValues(t, 1000, r.RowsExtracted)
			require.EqualValues(t, 1000, r.Inserted, "nothing of the spoiled file was written")
			p.equal("t", []string{"id"}, columnsT...)
			require.Empty(t, p.staged())
		})
	}
}

// A file that is spoiled again and again is a broken disk: the run fails and says so.
func TestStagingThatSpoilsEverythingFailsTheRun(t *testing.T) {
	t.Parallel()
	p := startFaulty(t, options{tables: bare})
	exec(t, p.src, createT, insertT(1, 100), old)
	p.sync("t")
	before := p.state("t").Watermark
	exec(t, p.src, "UPDATE t SET n = -1, updated_at = '2024-06-01'")
	p.onWritten(func(path string) error {
		if isPart(path) {
			return spoil(path, flipped)
		}
		return nil
	})
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
	requireFailure(t, err, failure.StagedFileCorrupt, "SHA-256")
	require.Equal(t, before, p.state("t").Watermark)
	require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE n = -1"))
	p.onWritten(nil)
	_, err = p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
	require.NoError(t, err)
	p.equal("t", []string{"id"}, columnsT...)
}

// A byte that turns after WaitForFiles has read the file: the step that applies a chunk checks it again.
func TestAFileSpoiledWhileItIsAppliedIsExtractedAgain(t *testing.T) {
	t.Parallel()
	p := chunked(t, options{})
	wait := p.run("t")
	p.wholeChunks(100)
	for _, path := range p.staged() {
		if isPart(path) {
			require.NoError(t, spoil(path, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
		}
	}
	r := wait()
	require.EqualValues(t, 2000, r.RowsExtracted)
	require.Less(t, r.Inserted, int64(2000), "the first chunks were there already")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// Workers remember a range's manifest; none may hold on to one that was replaced.
func TestFilesSpoiledTwiceAreReadAnewByEveryWorker(t *testing.T) {
	t.Parallel()
	p := chunked(t, options{})
	p.startWorker()
	p.startWorker() // three, each with a memory of its own
	wait := p.run("t")
	last := ""
	for range 2 {
		require.Eventually(t, func() bool {
			parts := slices.DeleteFunc(p.staged(), func(f string) bool { return !isPart(f) || f == last })
			if len(parts) == 1 {
				last = parts[0]
			}
			return len(parts) == 1
		}, timeout, 10*time.Millisecond)
		p.waitForStep("t", "UpsertChunk")
		require.NoError(t, spoil(last, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
	}
	r := wait()
	require.EqualValues(t, 2000, r.RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// Staging that is full is waited for, where people see it, and leaves nothing half written.
func TestFullStagingIsAVisibleWait(t *testing.T) {
	t.Parallel()
	p := startFaulty(t, options{tables: bare})
	exec(t, p.src, createT, insertT(1, 100), old)
	full := errors.Join(staging.ErrFull)
	p.onWritten(func(path string) error {
		if isPart(path) {
			return full
		}
		return nil
	})
	wait := p.run("t")
	p.waitFor(workflows.SyncTableID(p.queue, p.table("t")), "ExtractIncremental", "staging is full")
	p.onWritten(nil)
	wait()
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// A terminated first load goes on reading while the next run reads the same range.
func TestTwoExtractsAtOncePublishOneManifest(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		source := proxy.Start(t, s.Addr())
		p := start(t, options{
			source: s, tables: bare, sourceDSN: source.DSN(s.DSN("")),
			defaults: ", tuning: { chunkRows: 100, pageRows: 100 }",
		})
		exec(t, p.src, createT, insertT(1, 2000), old)
		reads := pageReads(s)
		held := source.Hold(1, reads)
		id := workflows.SyncTableID(p.queue, p.table("t"))
		p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
		require.NoError(t, p.client.TerminateWorkflow(t.Context(), id, "", "test"))
		also := source.Hold(1, reads)
		wait := p.run("t")
		require.Eventually(t, func() bool { return also.Seen() == 1 }, timeout, poll)
		held.Release() // two attempts read now, side by side
		also.Release()
		r := wait()
		require.EqualValues(t, 2000, r.RowsExtracted)
		p.equal("t", []string{"id"}, columnsT...)
		require.Eventually(t, func() bool { return len(p.staged()) == 0 }, timeout, poll, "%v", p.staged())
	})
}

// Staging holds what is not ours: it stays, and nothing outside is touched.
func TestForeignFilesInStagingAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := startFaulty(t, options{tables: bare, defaults: ", tuning: { chunkRows: 100 }"})
	exec(t, p.src, createT, insertT(1, 500), old)
	outside := filepath.Join(t.TempDir(), "outside.parquet")
	require.NoError(t, os.WriteFile(outside, []byte("precious"), 0o600))
	planted := map[string]bool{}
	p.onWritten(func(path string) error {
		if filepath.Base(path) != "manifest.json" {
			return nil
		}
		folder := filepath.Dir(path)
		for name, plant := range map[string]func(string) error{
			"notes.txt":                       func(f string) error { return os.WriteFile(f, []byte("mine"), 0o600) },
			"part-00000-stranger.parquet.bak": func(f string) error { return os.WriteFile(f, []byte("mine"), 0o600) },
			"link.parquet":                    func(f string) error { return os.Symlink(outside, f) },
		} {
			f := filepath.Join(folder, name)
			planted[f] = true
			if err := plant(f); err != nil {
				return err
			}
		}
		return nil
	})
	r := p.sync("t")
	require.EqualValues(t, 500, r.Inserted)
	p.equal("t", []string{"id"}, columnsT...)
	left := map[string]bool{}
	for _, f := range p.staged() {
		left[f] = true
	}
	require.Equal(t, planted, left)
	b, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "precious", string(b))
}

// A manifest that names a file elsewhere is corrupt, from any writer: nothing is deleted by it.
func TestAForgedManifestReachesNothingOutside(t *testing.T) {
	for name, target := range map[string]string{
		"a path":         "../../../outside.parquet",
		"another folder": "elsewhere/00000/part-00000-x.parquet",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startFaulty(t, options{tables: bare})
			exec(t, p.src, createT, insertT(1, 100), old)
			outside := filepath.Join(p.staging(), target)
			require.NoError(t, os.MkdirAll(filepath.Dir(outside), 0o700))
			require.NoError(t, os.WriteFile(outside, []byte("precious"), 0o600))
			t.Cleanup(func() { _ = os.Remove(outside) })
			forged := 0
			p.onWritten(func(path string) error {
				if filepath.Base(path) != "manifest.json" || forged > 0 {
					return nil
				}
				forged++
				return spoil(path, func(b []byte) []byte {
					text := string(b)
					from := strings.Index(text, `"key":"`) + len(`"key":"`)
					to := from + strings.Index(text[from:], `"`)
					return []byte(text[:from] + target + text[to:])
				})
			})
			r, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
			require.NoError(t, err, "the forged manifest is dropped, and the range read again")
			require.Equal(t, 1, forged)
			require.EqualValues(t, 100, r.Inserted)
			b, err := os.ReadFile(outside)
			require.NoError(t, err)
			require.Equal(t, "precious", string(b))
		})
	}
}

// A plan that is lost or changed under a run, and with it a part of what was read, is made again.
func TestALostPlanIsMadeAnew(t *testing.T) {
	t.Parallel()
	isPlan := func(path string) bool { return filepath.Base(path) == "plan.json" }
	p := startFaulty(t, options{source: servers.MySQL(t), defaults: ", tuning: { chunkRows: 50, rangeRows: 200 }"})
	exec(t, p.src, createT, insertT(1, 900), old, "ANALYZE TABLE t")
	var left atomic.Int64
	for name, c := range map[string]struct {
		times int64
		spoil func(path string) error
	}{
		"gone at once": {1, func(path string) error {
			if isPlan(path) && left.Add(-1) >= 0 {
				return os.Remove(path)
			}
			return nil
		}},
		"gone twice, with what was read": {2, func(path string) error {
			if filepath.Base(path) != "manifest.json" || left.Add(-1) < 0 {
				return nil
			}
			run := filepath.Dir(filepath.Dir(path))
			parts, err := filepath.Glob(filepath.Join(filepath.Dir(path), "part-*"))
			for _, part := range append(parts, filepath.Join(run, "plan.json")) {
				err = errors.Join(err, os.Remove(part))
			}
			return err
		}},
		"changed": {1, func(path string) error {
			if isPlan(path) && left.Add(-1) >= 0 {
				return spoil(path, flipped)
			}
			return nil
		}},
	} {
		left.Store(c.times)
		p.onWritten(c.spoil)
		full, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err, name)
		require.EqualValues(t, 900, full.RowsExtracted, name)
		require.Negative(t, left.Load(), name)
		p.equal("t", []string{"id"}, columnsT...)

		exec(t, p.src, "UPDATE t SET n = n + 1")
		left.Store(c.times)
		p.settled("t")
		require.Negative(t, left.Load(), name)
		p.equal("t", []string{"id"}, columnsT...)
		exec(t, p.src, old)
	}

	// A plan that cannot be kept is a failure, and the watermark stays.
	exec(t, p.src, "UPDATE t SET n = n + 1, updated_at = NOW(6)")
	before := p.state("t").Watermark
	p.onWritten(func(path string) error {
		if isPlan(path) {
			return os.Remove(path)
		}
		return nil
	})
	for { // rows of this very second come with the next run
		if r, err := p.try(workflows.SyncTableInput{Table: p.table("t")}); err != nil || r.RowsExtracted > 0 {
			requireFailure(t, err, failure.PlanLost, "plan.json", "run again")
			break
		}
	}
	require.LessOrEqual(t, before, p.state("t").Watermark)
	p.onWritten(nil)
	p.settled("t")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged(), "of no plan anything is left")
}
