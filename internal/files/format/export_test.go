package format

// Held is the memory of pages and dictionaries that a reader of Parquet counts, in bytes.
func Held(r Reader) int64 { return r.(*parquetReader).held }
