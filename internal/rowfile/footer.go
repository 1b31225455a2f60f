package rowfile

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// metadata describes the finished pages of a leaf, which begin at offset in the file.
func (p *pages) metadata(codec format.CompressionCodec, offset int64) format.ColumnMetaData {
	encodings := []format.Encoding{format.Plain}
	if p.leaf.optional {
		encodings = append(encodings, format.RLE)
	}
	stats := format.Statistics{NullCount: p.groupNulls}
	if p.bounded {
		stats.MinValue, stats.MaxValue = p.boundBytes(p.min), p.boundBytes(p.max)
	}
	return format.ColumnMetaData{
		Type:                  p.leaf.typ,
		Encoding:              encodings,
		PathInSchema:          []string{p.leaf.name},
		Codec:                 codec,
		NumValues:             p.groupRows,
		TotalUncompressedSize: p.uncompressed,
		TotalCompressedSize:   int64(len(p.done)),
		DataPageOffset:        offset,
		Statistics:            stats,
	}
}

func (p *pages) boundBytes(v uint64) []byte {
	b := binary.LittleEndian.AppendUint64(nil, v)
	if p.leaf.typ == format.Int32 {
		return b[:4]
	}
	return b
}

// footer is all that follows the last row group.
func (w *Writer) footer() ([]byte, error) {
	meta := format.FileMetaData{
		Version:      2,
		Schema:       w.schema.elements(),
		NumRows:      w.summary.Rows,
		RowGroups:    w.groups,
		ColumnOrders: make([]format.ColumnOrder, len(w.schema.leaves)),
		CreatedBy:    "tablehaul",
	}
	if meta.RowGroups == nil {
		meta.RowGroups = []format.RowGroup{}
	}
	for i := range meta.ColumnOrders {
		meta.ColumnOrders[i].Value = &format.TypeDefinedOrder{}
	}
	columns, err := json.Marshal(w.cols)
	if err != nil {
		return nil, fmt.Errorf("encoding the columns: %w", err)
	}
	meta.KeyValueMetadata = append(meta.KeyValueMetadata, format.KeyValue{Key: columnsKey, Value: string(columns)})
	for key, value := range w.options.Meta {
		if key != columnsKey {
			meta.KeyValueMetadata = append(meta.KeyValueMetadata, format.KeyValue{Key: key, Value: value})
		}
	}
	slices.SortFunc(meta.KeyValueMetadata[1:], func(a, b format.KeyValue) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	body, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return nil, fmt.Errorf("encoding the footer: %w", err)
	}
	if len(body) > math.MaxInt32 {
		return nil, fmt.Errorf("a footer of %d bytes", len(body))
	}
	body = binary.LittleEndian.AppendUint32(body, uint32(len(body)))
	return append(body, magic...), nil
}

// elements is the schema as the footer holds it: the root, then a leaf for each column.
func (s *schema) elements() []format.SchemaElement {
	out := make([]format.SchemaElement, 1, 1+len(s.leaves))
	out[0].Name = "row"
	out[0].NumChildren.Set(int32(len(s.leaves)))
	for i := range s.leaves {
		l := &s.leaves[i]
		e := format.SchemaElement{Name: l.name, LogicalType: format.LogicalType{Value: l.logical}}
		e.Type.Set(l.typ)
		e.RepetitionType.Set(format.Required)
		if l.optional {
			e.RepetitionType.Set(format.Optional)
		}
		if l.length > 0 {
			e.TypeLength.Set(int32(l.length))
		}
		if l.converted != noConverted {
			e.ConvertedType.Set(l.converted)
		}
		if l.precision > 0 {
			e.Precision.Set(int32(l.precision))
			e.Scale.Set(int32(l.scale))
		}
		out = append(out, e)
	}
	return out
}
