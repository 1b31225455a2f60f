package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A replica may lack what another server had after the moment that it has reached. The last version of a row that was
// read counts, and which server gave it.
func TestWhatAReplicaMayLack(t *testing.T) {
	reached := time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	before, after := reached.Add(-time.Second), reached.Add(time.Second)
	behind := settling{r: &openedRange{in: RangeInput{Instance: "here"}}, bounded: true, has: reached}
	for name, c := range map[string]struct {
		f    quarantineFile
		at   time.Time
		want bool
	}{
		"set aside before":               {quarantineFile{Instance: "there"}, before, false},
		"set aside then":                 {quarantineFile{Instance: "there"}, reached, true},
		"set aside after":                {quarantineFile{Instance: "there"}, after, true},
		"of its own":                     {quarantineFile{Instance: "here"}, after, false},
		"of two servers":                 {quarantineFile{}, after, true},
		"of two servers, read before":    {quarantineFile{ReadAt: before}, before, false},
		"read again after, of two":       {quarantineFile{ReadAt: after}, before, true},
		"read again after, of its own":   {quarantineFile{Instance: "here", ReadAt: after}, before, false},
		"read again after, of the other": {quarantineFile{Instance: "there", ReadAt: after}, before, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, behind.mayLack(c.f, entry{at: c.at}))
			require.False(t, (&settling{r: behind.r}).mayLack(c.f, entry{at: c.at}), "it is no replica")
		})
	}
	f := quarantineFile{Instance: "there"}
	behind.noteReadAgain(&f, decision{try: true})
	require.Equal(t, quarantineFile{Instance: "there"}, f, "it is what it was")
	behind.noteReadAgain(&f, decision{try: true, changed: true})
	require.Empty(t, f.Instance)
	require.False(t, f.ReadAt.IsZero())
}
