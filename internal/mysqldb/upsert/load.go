package upsert

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A chunk whose keys the target does not have may be sent as the file of a LOAD DATA LOCAL statement.
// That takes the server a third less work than INSERTs. LOCAL turns errors into warnings and skips
// rows (manual: LOAD DATA Statement, "LOCAL"). So after any warning, and after any missing row, the
// transaction is rolled back and the rows are sent as INSERTs.

// errLoadRefused says that the rows have to be sent as INSERTs.
var errLoadRefused = errors.New("the rows are not to be loaded as a file")

// loadStatement is the end of the LOAD DATA statement for the plan's rows; "" where the rows cannot be sent as a file.
func (p *plan) loadStatement(server mysqldb.Server) string {
	if !server.LocalInfile {
		return ""
	}
	charset := "utf8mb4"
	for i, from := range p.columns {
		if from.Kind == table.KindBytes {
			charset = "binary" // bytes are checked for being text otherwise
		}
		if !loadable(from, p.targets[i].Column) {
			return ""
		}
	}
	names := make([]string, len(p.targets))
	for i, c := range p.targets {
		names[i] = c.Name
		if charset == "binary" && !loadableBinary(c.Column) {
			return ""
		}
	}
	return "INTO TABLE " + sqltext.Qualified(p.target.Name) + " CHARACTER SET " + charset +
		` FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (` + sqltext.IdentList(names) + ")"
}

// loadable reports whether a value's text means the same in a file as in a statement.
func loadable(from, to table.Column) bool {
	if from.Kind != to.Kind || from.RawCharset || from.SetByNumber() {
		return false
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindFloat, table.KindDouble,
		table.KindDate, table.KindDateTime, table.KindTimestamp, table.KindTime,
		table.KindString, table.KindBytes, table.KindEnum, table.KindSet, table.KindUUID, table.KindInet:
		return true
	default:
		// A YEAR of 0 is 2000 as text; BIT, JSON and geometries are written as expressions.
		return false
	}
}

// loadableBinary reports whether a column reads its text from a file with CHARACTER SET binary as from any other. Text
// has to be in the character set of the column. MariaDB takes such bytes for the stored form of a UUID, an INET4 and an
// INET6: an INET6 whose text has 16 characters becomes another address, without a warning.
func loadableBinary(to table.Column) bool {
	switch to.Kind {
	case table.KindUUID, table.KindInet:
		return false
	default:
		return to.Charset == "" || to.Charset == "utf8mb4"
	}
}

// load sends all rows of the chunk as a file. It returns errLoadRefused where the server warned, or
// did not insert every row.
func (w *writer) load(ctx context.Context) error {
	if len(w.plan.enums) > 0 && w.hasEnumErrors(0, len(w.order)) {
		return errLoadRefused // an ENUM's error value has no text
	}
	file, remove := mysqldb.LocalFile(func() io.Reader { return &loadFile{w: w} })
	defer remove()
	affected, err := w.execStrict(ctx, "LOAD DATA LOCAL INFILE "+file+" "+w.plan.load)
	if err == nil && affected == int64(len(w.order)) {
		w.res.Batches++
		w.res.Inserted = affected
		return nil
	}
	switch mysqlerr.Classify(err) {
	case mysqlerr.ClassNone, mysqlerr.ClassRowData, mysqlerr.ClassConfiguration, mysqlerr.ClassSplit,
		mysqlerr.ClassUnknown:
		return errLoadRefused
	default:
		return err
	}
}

// loadFile is the file that LOAD DATA reads. It makes the lines while they are read.
type loadFile struct {
	w    *writer
	next int    // position of the first row that is not in buf or behind it
	buf  []byte // lines not yet read, from at on
	at   int
}

// loadBuffer is how many bytes of lines are made together: a few of the driver's packets.
const loadBuffer = 64 << 10

// Read implements [io.Reader].
func (f *loadFile) Read(p []byte) (int, error) {
	if f.at == len(f.buf) {
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.buf[f.at:])
	f.at += n
	return n, nil
}

// fill makes the next lines.
func (f *loadFile) fill() error {
	w := f.w
	if f.next == len(w.order) {
		return io.EOF
	}
	f.buf, f.at = f.buf[:0], 0
	for f.next < len(w.order) && len(f.buf) < loadBuffer {
		start := len(f.buf)
		for column := range w.plan.columns {
			if column > 0 {
				f.buf = append(f.buf, '\t')
			}
			f.buf = appendField(f.buf, w.rows.Value(int(w.order[f.next]), column))
		}
		f.buf = append(f.buf, '\n')
		if int64(len(f.buf)-start) > w.plan.packet {
			return fmt.Errorf("a row is larger than a packet: %w", errLoadRefused)
		}
		f.next++
	}
	w.heartbeat()
	return nil
}

// fieldEscapes are the bytes that end a field or a line, and the escape character itself.
var fieldEscapes = [256]byte{'\t': 't', '\n': 'n', '\\': '\\', 0: '0'}

// appendField appends a value as LOAD DATA reads it; nil is NULL.
func appendField(dst, v []byte) []byte {
	if v == nil {
		return append(dst, `\N`...)
	}
	return sqltext.AppendEscaped(dst, v, &fieldEscapes)
}
