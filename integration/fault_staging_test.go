package integration_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// What is staged is checked before a row of it is written; the window is read again.
func TestSpoiledFilesAreExtractedAgain(t *testing.T) {
	t.Parallel()
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
	p.gate.release()
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
	for round := range 2 {
		require.Eventually(t, func() bool {
			parts := slices.DeleteFunc(p.staged(), func(f string) bool { return !isPart(f) || f == last })
			if len(parts) == 1 {
				last = parts[0]
			}
			return len(parts) == 1
		}, timeout, 10*time.Millisecond)
		p.gate.waitForOne(p) // two chunks are under way, and have read the file
		require.NoError(t, spoil(last, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }))
		p.gate.open(300 * (1 + round)) // they end, and later ones read what was spoiled
	}
	p.gate.release()
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
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
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
	t.Parallel()
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
