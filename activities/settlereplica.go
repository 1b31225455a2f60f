package activities

import (
	"context"
	"time"
)

// Runs may have read a row in quarantine from another server than the one that the source's address leads to now. If
// that is a replica which is behind, the row is not gone because it is missing there, and the version that it has is
// not the one to write. No later run would read the row: the watermark is above it.

// boundByReplica finds out what the source may lack, where it may be a replica. A run goes by what bounds its window: a
// login that sees no sign of replication takes the source for a primary. A retry, which has no window, does not.
func (s *settling) boundByReplica(ctx context.Context, files int) error {
	set := s.r.plan.Settings
	if files == 0 || !set.AllowReplica || set.Files != nil {
		return nil
	}
	at := where{set.SourceConnection, "ask how far the source of " + s.in.Table + " is behind"}
	db, err := s.a.deps.Source(ctx, set.SourceConnection)
	if err != nil {
		return translate(ctx, err, at)
	}
	behind, known, err := db.Behind(ctx)
	if err != nil {
		return translate(ctx, err, at)
	}
	if !known {
		behind = set.FixedLag
	}
	s.bounded = behind > 0 || !known && s.in.All
	if behind > 0 {
		s.has = time.Now().Add(-behind)
	}
	return nil
}

// mayLack reports whether the source may lack an entry's row as runs have read it. The server that they have read it
// from has it.
func (s *settling) mayLack(f quarantineFile, e entry) bool {
	if !s.bounded || f.Instance != "" && f.Instance == s.r.in.Instance {
		return false
	}
	read := e.at
	if f.ReadAt.After(read) {
		read = f.ReadAt
	}
	return !read.Before(s.has)
}

// noteReadAgain says in a file that one of its rows is the source's present version, where that is another one.
func (s *settling) noteReadAgain(f *quarantineFile, d decision) {
	if !d.changed {
		return
	}
	f.ReadAt = time.Now().UTC()
	if f.Instance != s.r.in.Instance {
		f.Instance = "" // the rows are of two servers
	}
}
