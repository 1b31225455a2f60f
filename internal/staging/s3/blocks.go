package s3

import (
	"io"
	"slices"

	"github.com/tablehaul/tablehaul/internal/files"
)

const (
	// blockBytes is what one request fetches of an object that is read in small pieces, and keptBlocks how many blocks
	// stay in memory: a reader of columns goes back and forth between several places.
	blockBytes = 1 << 20
	keptBlocks = 24
)

// blocks reads an object of others in blocks. A request of a block or more is passed on as it is.
type blocks struct {
	o *object
	// recent are the blocks in memory, the one that was used last at the end.
	recent []block
}

type block struct {
	at   int64
	data []byte
}

var _ files.File = (*blocks)(nil)

func newBlocks(o *object) *blocks { return &blocks{o: o} }

func (b *blocks) Size() int64 { return b.o.size }

func (b *blocks) Close() error { return nil }

// ReadAt may be called by one goroutine at a time.
func (b *blocks) ReadAt(p []byte, at int64) (n int, err error) {
	if len(p) >= blockBytes || at < 0 || at >= b.o.size {
		n, err = b.o.ReadAt(p, at)
		if err == io.EOF { //nolint:errorlint // io.ReaderAt promises this very value
			return n, err
		}
		return n, foreign(err)
	}
	for n < len(p) {
		if at+int64(n) >= b.o.size {
			return n, io.EOF
		}
		data, err := b.block((at + int64(n)) / blockBytes * blockBytes)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data[(at+int64(n))%blockBytes:])
	}
	return n, nil
}

func (b *blocks) block(at int64) ([]byte, error) {
	if i := slices.IndexFunc(b.recent, func(one block) bool { return one.at == at }); i >= 0 {
		one := b.recent[i]
		b.recent = append(slices.Delete(b.recent, i, i+1), one)
		return one.data, nil
	}
	one := block{at: at}
	if len(b.recent) >= keptBlocks {
		one.data = b.recent[0].data[:0]
		b.recent = slices.Delete(b.recent, 0, 1)
	}
	one.data = slices.Grow(one.data, blockBytes)[:min(blockBytes, b.o.size-at)]
	if _, err := b.o.readFull(one.data, at); err != nil {
		return nil, foreign(err)
	}
	b.recent = append(b.recent, one)
	return one.data, nil
}
