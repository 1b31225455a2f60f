package rowfile

import (
	"bufio"
	"encoding/hex"
	"hash"

	"github.com/tablehaul/tablehaul/internal/table"
)

// output counts and hashes what is written: the file as a whole and the open span.
type output struct {
	w     *bufio.Writer
	file  hash.Hash
	span  hash.Hash
	size  int64
	start int64 // of the open span
}

func (o *output) write(b []byte) error {
	o.file.Write(b) // a hash never fails
	o.span.Write(b)
	o.size += int64(len(b))
	_, err := o.w.Write(b)
	return err
}

func (o *output) begin() {
	o.span.Reset()
	o.start = o.size
}

func (o *output) end() table.Span {
	return table.Span{Offset: o.start, Size: o.size - o.start, SHA256: hex.EncodeToString(o.span.Sum(nil))}
}
