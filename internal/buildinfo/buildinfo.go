package buildinfo

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

// A build of a release sets these three: -ldflags '-X …/internal/buildinfo.version=v1.2.3'. See tools/dist/build.sh.
var version, commit, date string

// Info is a build. A field that the build does not know is empty.
type Info struct {
	// Version is that of the release, or of the module where `go install` has built it.
	Version string `json:"version"`
	// Commit is the full id of the sources' commit.
	Commit string `json:"commit,omitempty"`
	// Date is when that commit was made, as RFC 3339 in UTC.
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the sources had changes beside the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Read returns the build of this program.
func Read() Info {
	i := Info{
		Version: version, Commit: commit, Date: date, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return i
	}
	i.Version = cmp.Or(i.Version, strings.Trim(b.Main.Version, "()"))
	for _, s := range b.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Commit = cmp.Or(i.Commit, s.Value)
		case "vcs.time":
			i.Date = cmp.Or(i.Date, s.Value)
		case "vcs.modified":
			i.Modified = s.Value == "true" && version == ""
		}
	}
	return i
}

// String is one line for people: v1.2.3 (commit 0123456789ab of 2026-01-02T03:04:05Z, go1.26.0, linux/amd64).
func (i Info) String() string {
	var parts []string
	if i.Commit != "" {
		text := "commit " + i.Commit[:min(12, len(i.Commit))]
		if i.Date != "" {
			text += " of " + i.Date
		}
		if i.Modified {
			text += ", with changes"
		}
		parts = append(parts, text)
	}
	return cmp.Or(i.Version, "unknown") + " (" + strings.Join(append(parts, i.Go, i.Platform), ", ") + ")"
}
