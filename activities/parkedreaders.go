package activities

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/files/format"
)

// Bounds of parkedReaders.
const (
	maxParkedBytes = 64 << 20
	parkedFor      = 10 * time.Minute
)

// parkedReaders are readers of compressed files between two slices of a range. The next slice goes on where its worker
// has stopped, and need not decompress the file from its beginning: so a worker decompresses a file once in all,
// however many slices it has. One that was parked for long, or is beyond maxParkedBytes, is closed; its file is then
// decompressed from its beginning once more.
type parkedReaders struct {
	mu  sync.Mutex
	all []parkedReader // the oldest first
}

type parkedReader struct {
	key    string
	reader *format.Parked
	since  time.Time
}

// put parks a reader that was taken off its file; nil is none. key says of which version of which file of which range.
func (p *parkedReaders) put(key string, reader *format.Parked) {
	if reader == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, parkedReader{key, reader, time.Now()})
	bytes := int64(0)
	for _, one := range p.all {
		bytes += one.reader.Bytes()
	}
	for bytes > maxParkedBytes && len(p.all) > 1 {
		bytes -= p.all[0].reader.Bytes()
		p.drop(0)
	}
	time.AfterFunc(parkedFor, p.expire)
}

// take is the reader of a key; nil where none is parked.
func (p *parkedReaders) take(key string) *format.Parked {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.all, func(one parkedReader) bool { return one.key == key })
	if i < 0 {
		return nil
	}
	reader := p.all[i].reader
	p.all = slices.Delete(p.all, i, i+1)
	return reader
}

func (p *parkedReaders) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.all) > 0 && time.Since(p.all[0].since) >= parkedFor {
		p.drop(0)
	}
}

func (p *parkedReaders) drop(i int) {
	p.all[i].reader.Close()
	p.all = slices.Delete(p.all, i, i+1)
}

// park leaves a reader for the next slice of the range.
func (c *fileCopy) park(reader format.Reader, p plannedFile) error {
	parked, err := format.Park(reader)
	c.parked.put(c.parkKey(p), parked)
	return err
}

// parkKey tells readers apart: within a plan, the columns of a file are the same.
func (c *fileCopy) parkKey(p plannedFile) string {
	return fmt.Sprintf("%s %s %s %d %q %q", c.r.name, c.r.in.Run, c.r.in.PlanSum, c.r.in.Range, p.Key, p.Version)
}
