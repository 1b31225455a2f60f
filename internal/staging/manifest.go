package staging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// ManifestVersion is that of the manifests written here. Readers refuse any other: a field
// that a reader does not know is a promise that it would not keep.
const ManifestVersion = 1

// maxManifest bounds what ReadManifest reads, in bytes. A chunk takes about 200 of them, so
// this is some 300,000 chunks: far more than one range has.
const maxManifest = 64 << 20

// Manifest is the only list of the files of a range, or of one slice of a range that is staged piece by piece.
type Manifest struct {
	Version int        `json:"version"`
	Table   table.Name `json:"table"`
	Run     string     `json:"run"`
	// Deployment is whose the files are: of several that use one store, each removes its own.
	Deployment string `json:"deployment,omitempty"`
	// Range counts from 0 within the run, Slice within the range.
	Range int `json:"range"`
	Slice int `json:"slice,omitempty"`
	// Next is where the range's next slice begins; nil where this is the last. It holds values of a key.
	Next *table.Position `json:"next,omitempty"`
	// Backfill says that the rows are those of a backfill: keys, and values of its columns.
	Backfill bool `json:"backfill,omitempty"`
	// Window is the run's, with its bounds as they are in the workflow's state too.
	Window table.Window `json:"window,omitzero"`
	// ReadAt is the source's clock, in UTC, before the first row was read; "" where that does not matter.
	ReadAt string `json:"readAt,omitempty"`
	// Columns are those of the files, in their order.
	Columns []table.Column `json:"columns"`
	Parts   []table.Part   `json:"parts"`
	// Rows and Bytes are the sums over Parts.
	Rows    int64     `json:"rows"`
	Bytes   int64     `json:"bytes"`
	Created time.Time `json:"created"`
	// Quarantined counts rows of files that are in quarantine, and not in Parts; FirstBad says why, of the first.
	Quarantined int64  `json:"quarantined,omitempty"`
	FirstBad    string `json:"firstBad,omitempty"`
}

// PublishManifest makes the files of a range count, all at once and last of all. It sets Version and the sums.
// ErrExists means that another attempt has published already: that one counts, read it.
func PublishManifest(ctx context.Context, s Store, key string, m Manifest) error {
	return putManifest(ctx, s.PutNew, key, m)
}

// ReplaceManifest is PublishManifest that replaces a manifest which is there already.
func ReplaceManifest(ctx context.Context, s Store, key string, m Manifest) error {
	return putManifest(ctx, s.Put, key, m)
}

func putManifest(
	ctx context.Context, put func(context.Context, string, io.Reader) error, key string, m Manifest,
) error {
	m.Version = ManifestVersion
	m.Rows, m.Bytes = 0, 0
	for i := range m.Parts {
		m.Rows += m.Parts[i].Rows
		m.Bytes += m.Parts[i].Size
	}
	if err := m.check(key); err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	if len(body) > maxManifest {
		return fmt.Errorf("a manifest of %d bytes: make chunks larger or ranges smaller", len(body))
	}
	if err := put(ctx, key, bytes.NewReader(body)); err != nil {
		return fmt.Errorf("publishing the manifest: %w", err)
	}
	return nil
}

// ReadManifest reads and checks a manifest: ErrNotFound where there is none yet, ErrCorrupt
// where it contradicts itself.
func ReadManifest(ctx context.Context, s Store, key string) (Manifest, error) {
	f, err := s.Open(ctx, key)
	if err != nil {
		return Manifest{}, fmt.Errorf("reading the manifest: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	if f.Size() > maxManifest {
		return Manifest{}, fmt.Errorf("%w: %s has %d bytes", ErrCorrupt, key, f.Size())
	}
	body := make([]byte, f.Size())
	if err := readFull(f, body, 0); err != nil {
		return Manifest{}, fmt.Errorf("reading the manifest %s: %w", key, err)
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %s is no manifest: %w", ErrCorrupt, key, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, fmt.Errorf("%w: %s goes on after the manifest", ErrCorrupt, key)
	}
	return m, m.check(key)
}

// Keys are those of all parts and of the manifest itself, last: what a cleanup deletes.
func (m Manifest) Keys(manifestKey string) []string {
	keys := make([]string, 0, len(m.Parts)+1)
	for i := range m.Parts {
		keys = append(keys, m.Parts[i].Key)
	}
	return append(keys, manifestKey)
}

// check is what must hold before anything that the manifest names is touched.
func (m Manifest) check(key string) error {
	bad := func(text string, args ...any) error {
		return fmt.Errorf("%w: manifest %s: %w", ErrCorrupt, key, fmt.Errorf(text, args...))
	}
	if m.Version != ManifestVersion {
		return bad("version %d, this program reads %d", m.Version, ManifestVersion)
	}
	if len(m.Columns) == 0 {
		return bad("no columns")
	}
	seen := make(map[string]bool, len(m.Parts))
	var rows, size int64
	for i := range m.Parts {
		p := &m.Parts[i]
		if CheckKey(p.Key) != nil || path.Dir(p.Key) != path.Dir(key) || p.Key == key {
			return bad("part %d is not in the manifest's own folder", i)
		}
		if seen[p.Key] {
			return bad("%s is listed twice", p.Key)
		}
		seen[p.Key] = true
		if err := checkPart(p); err != nil {
			return bad("%s: %w", p.Key, err)
		}
		rows += p.Rows
		size += p.Size
	}
	if rows != m.Rows || size != m.Bytes {
		return bad("%d rows and %d bytes, its parts have %d and %d", m.Rows, m.Bytes, rows, size)
	}
	return nil
}

func checkPart(p *table.Part) error {
	if !isHash(p.SHA256) || !isHash(p.Footer.SHA256) {
		return errors.New("a hash is not a SHA-256")
	}
	f := p.Footer
	if f.Offset < 0 || f.Size <= 0 || f.Size > p.Size || f.Offset != p.Size-f.Size {
		return errors.New("the footer is not the end of the file")
	}
	at, rows := int64(0), int64(0)
	for i := range p.Chunks {
		c := &p.Chunks[i]
		switch {
		case !isHash(c.SHA256):
			return fmt.Errorf("the hash of chunk %d is not a SHA-256", i)
		case c.Offset < at || c.Size <= 0 || c.Size > f.Offset || c.Offset > f.Offset-c.Size:
			return fmt.Errorf("chunk %d is not between the chunks beside it", i)
		case c.FirstRow != rows || c.Rows <= 0 || c.Rows > p.Rows-rows:
			return fmt.Errorf("the rows of chunk %d do not follow those before", i)
		}
		at = c.Offset + c.Size
		rows += c.Rows
	}
	if rows != p.Rows {
		return fmt.Errorf("%d rows, its chunks have %d", p.Rows, rows)
	}
	return nil
}

func isHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}
