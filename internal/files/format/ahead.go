package format

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// blockBytes is what is read from a file at once: a request each, where the file is in a bucket.
const blockBytes = 2 << 20

// raw reads a file from front to back, one block ahead of what was asked for. It keeps its error apart from what a
// decompressor makes of it.
type raw struct {
	ctx    context.Context // of the running call of Next
	f      File
	offset int64 // of the next block to ask for
	err    error

	block []byte     // not yet taken
	spare []byte     // memory for the next block
	ahead chan block // of the block that is being read; nil where none is
}

// block is what reading one came to.
type block struct {
	b   []byte
	err error
}

func (r *raw) Read(p []byte) (int, error) {
	if len(r.block) == 0 {
		if err := r.turn(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	return n, nil
}

// turn waits for the next block, and begins to read the one behind it.
func (r *raw) turn() error {
	if r.err != nil {
		return r.err
	}
	if r.ahead == nil && !r.begin() {
		return io.EOF
	}
	select {
	case <-r.ctx.Done():
		r.err = r.ctx.Err()
		return r.err
	case got := <-r.ahead:
		r.ahead = nil
		if r.err = got.err; r.err != nil {
			return r.err
		}
		used := got.b
		r.begin() // into the memory of the block before
		r.block, r.spare = got.b, used
	}
	return nil
}

// begin reads the next block into the spare memory; false at the end of the file.
func (r *raw) begin() bool {
	size := min(r.f.Size()-r.offset, blockBytes)
	if size <= 0 {
		return false
	}
	if int64(cap(r.spare)) < size {
		r.spare = make([]byte, size)
	}
	b, at := r.spare[:size], r.offset
	r.spare, r.offset = nil, at+size
	ahead := make(chan block, 1)
	r.ahead = ahead
	go func() {
		n, err := r.f.ReadAt(b, at)
		switch {
		case n == len(b):
			err = nil
		case err == nil || errors.Is(err, io.EOF): // there were more bytes when it was opened
			err = errShrunk
		}
		ahead <- block{b, err}
	}()
	return true
}

// move goes on at another offset.
func (r *raw) move(offset int64) {
	r.wait()
	r.offset, r.block = offset, nil
}

// wait returns when nothing is being read any more.
func (r *raw) wait() {
	if r.ahead != nil {
		<-r.ahead
		r.ahead = nil
	}
}

var errShrunk = fmt.Errorf("%w: it has become shorter", ErrFile)
