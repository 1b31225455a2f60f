package rowfile

// Buffered is what the open row group holds: its rows, and the bytes of encoded pages that wait in memory.
func (w *Writer) Buffered() (rows int, bytes int64) {
	for i := range w.pages {
		bytes += int64(len(w.pages[i].values) + len(w.pages[i].bits) + len(w.pages[i].done))
	}
	return w.rows, bytes
}
