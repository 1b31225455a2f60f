package activities

import (
	"context"
	"fmt"
	"iter"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// chunksOf are the chunks of a manifest, whole and in its order.
func chunksOf(m *staging.Manifest) iter.Seq[ChunkRef] {
	return func(yield func(ChunkRef) bool) {
		for i, part := range m.Parts {
			for j, chunk := range part.Chunks {
				if !yield(ChunkRef{Part: i, Chunk: j, Rows: chunk.Rows, FirstRow: chunk.FirstRow}) {
					return
				}
			}
		}
	}
}

// readChunk returns the chunk's rows from bytes that match the manifest's hashes.
func (a *Activities) readChunk(
	ctx context.Context, r *openedRange, m staging.Manifest, ref ChunkRef,
) (*table.Rows, error) {
	if ref.Part < 0 || ref.Part >= len(m.Parts) || ref.Chunk < 0 || ref.Chunk >= len(m.Parts[ref.Part].Chunks) {
		return nil, fmt.Errorf(
			"chunk %d of part %d is not in the manifest: %w", ref.Chunk, ref.Part, staging.ErrCorrupt,
		)
	}
	part := m.Parts[ref.Part]
	chunk := part.Chunks[ref.Chunk]
	spans, err := staging.ReadSpans(ctx, a.deps.Store, part.Key, part.Footer, chunk.Span)
	if err != nil {
		return nil, err
	}
	rows, err := rowfile.ReadChunk(spans[0], part.Footer.Offset, spans[1], chunk, r.plan.Columns)
	if err != nil {
		return nil, err
	}
	from := ref.FirstRow - chunk.FirstRow
	if int64(rows.Len()) != chunk.Rows || from < 0 || ref.Rows < 1 || from+ref.Rows > chunk.Rows {
		return nil, fmt.Errorf(
			"chunk %d of %s: %d rows, the manifest has %d and the workflow asks for %d from %d: %w",
			ref.Chunk,
			part.Key,
			rows.Len(),
			chunk.Rows,
			ref.Rows,
			from,
			staging.ErrCorrupt,
		)
	}
	rows.Keep(int(from), int(from+ref.Rows))
	return rows, nil
}
