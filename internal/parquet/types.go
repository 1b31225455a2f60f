package parquet

import "github.com/parquet-go/parquet-go/format"

// Codec is a page's compression.
type Codec = format.CompressionCodec

// Type is a physical type.
type Type = format.Type

// Encoding is how a page holds its values.
type Encoding = format.Encoding
