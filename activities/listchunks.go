package activities

import "context"

// ChunkRef names one chunk of a range: places and counts, never rows or keys. Where the target
// wants smaller transactions, it names a piece of a staged chunk.
type ChunkRef struct {
	// Part and Chunk count from 0, Chunk within its part.
	Part  int   `json:"part"`
	Chunk int   `json:"chunk"`
	Rows  int64 `json:"rows"`
	// FirstRow is the number of rows of the part before the first of these.
	FirstRow int64 `json:"firstRow"`
}

// ListChunksInput asks for a page of a range's chunks.
type ListChunksInput struct {
	RangeInput
	// After is how many chunks to pass over; Limit, 1 to 1,000, how many to return at most.
	After int `json:"after"`
	Limit int `json:"limit"`
}

// ListChunksResult is a page of chunks, in the order of the manifest.
type ListChunksResult struct {
	Chunks []ChunkRef `json:"chunks"`
	// Total is the number of all chunks of the range.
	Total int `json:"total"`
}

// maxListed bounds a page: a reference is about 60 bytes, and a payload stays far below 256 KiB.
const maxListed = 1000

// ListChunks lists chunks of a range's manifest. It changes nothing.
func (a *Activities) ListChunks(ctx context.Context, in ListChunksInput) (ListChunksResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ListChunksResult{}, err
	}
	if in.After < 0 || in.Limit < 1 || in.Limit > maxListed {
		return ListChunksResult{}, invalidInput("after or limit out of bounds", "")
	}
	_, m, err := a.freshManifest(ctx, in.RangeInput)
	if err != nil {
		return ListChunksResult{}, translate(ctx, err, where{doing: "list the chunks of " + in.Table})
	}
	out := ListChunksResult{Chunks: []ChunkRef{}}
	for ref := range chunksOf(&m) {
		if out.Total >= in.After && len(out.Chunks) < in.Limit {
			out.Chunks = append(out.Chunks, ref)
		}
		out.Total++
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "chunks", len(out.Chunks), "of", out.Total)
	return out, nil
}
