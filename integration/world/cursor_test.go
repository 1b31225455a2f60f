package world_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A cursorKind is a kind of cursor column.
type cursorKind struct {
	name string
	// column is its name; empty is a table without one.
	column string
	ddl    string
	// now is what writers set it to; empty where the server does.
	now string
	// old is a value of before the first run, as SQL; it takes the number v.
	old string
	// insertOnly tables have a cursor that no UPDATE raises.
	insertOnly bool
	number     bool
	// repeats says that rows may come at the value of the watermark: they arrive with the next run.
	repeats bool
	// days says that the watermark stays below the rows of today.
	days bool
	// zeros are the digits that an epoch has after its seconds.
	zeros string
}

func moment(kind string, digits int, byServer bool) cursorKind {
	p := ""
	if digits > 0 {
		p = fmt.Sprintf("(%d)", digits)
	}
	c := cursorKind{
		name: strings.ToLower(kind) + p, column: "updated_at", ddl: fmt.Sprintf("%s%s NOT NULL", kind, p),
		old: "'2024-01-01 00:00:00' + INTERVAL (v DIV 7) SECOND",
	}
	if byServer {
		c.ddl += fmt.Sprintf(" DEFAULT CURRENT_TIMESTAMP%[1]s ON UPDATE CURRENT_TIMESTAMP%[1]s", p)
	} else {
		c.name, c.now = c.name+" by writers", "NOW("+fmt.Sprint(digits)+")"
		c.ddl += " DEFAULT '2000-01-01'"
	}
	return c
}

// epoch is a count of parts of a second since 1970.
func epoch(unit, zeros string) cursorKind {
	parts := "1" + zeros
	return cursorKind{
		zeros: zeros,
		name:  "epoch in " + unit, column: "updated_at", ddl: fmt.Sprintf("BIGINT NOT NULL DEFAULT %s000000000", parts),
		number: true, repeats: true,
		now: fmt.Sprintf("FLOOR(UNIX_TIMESTAMP(NOW(6)) * %s)", parts),
		old: fmt.Sprintf("(1704067200 + v DIV 7) * %s", parts),
	}
}

var day = cursorKind{
	name: "date", column: "updated_at", ddl: "DATE NOT NULL DEFAULT '2000-01-01'", now: "CURDATE()", days: true,
	old: "'2024-01-01' + INTERVAL (v DIV 70) DAY",
}

func drawCursor(r *rand.Rand, key keyKind) cursorKind {
	switch n := r.IntN(24); {
	case n < 8:
		return moment("TIMESTAMP", r.IntN(7), often(r, 80))
	case n < 15:
		return moment("DATETIME", r.IntN(7), often(r, 80))
	case n < 17:
		return cursorKind{name: "none"}
	case n < 19 && key.of == nil:
		return cursorKind{name: "AUTO_INCREMENT", column: "id", insertOnly: true, number: true}
	case n == 19 || n == 20:
		return pick(r, epoch("s", ""), epoch("ms", "000"), epoch("us", "000000"))
	case n == 21 || n == 22:
		return day
	default:
		return moment("TIMESTAMP", 6, true)
	}
}
