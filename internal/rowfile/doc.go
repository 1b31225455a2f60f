// Package rowfile writes rows to Parquet files and reads single chunks back.
//
// It owns the format of a staged file: the typed columns that any Parquet reader understands, and what each byte of a
// file means to us. It opens no file and knows no store: a Writer writes to an io.Writer, and reading takes bytes that
// the caller has already verified, so that what was verified is what is applied.
//
// Its one invariant: text in is text out. A value whose typed form would not print back to
// the very same bytes (0000-00-00, a negative TIME, invalid UTF-8) leaves its typed column
// NULL and travels in an optional companion column, `<name>__raw`, byte for byte.
//
// Pages are encoded here and not by the Parquet library, for three reasons: no allocation per value, statistics that
// never copy a large value into the footer, and a decoder whose memory is bounded for any sizes that the bytes claim.
package rowfile
