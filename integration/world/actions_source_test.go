package world_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// sourceActions are changes and locks of the source.
var sourceActions = []action{
	{name: "a column is added", weight: 2, during: true, allowed: altered, do: addColumn},
	{name: "a column is dropped", weight: 1, during: true, allowed: altered, do: dropColumn},
	{name: "a column is made wider", weight: 1, during: true, allowed: altered, do: widenColumn},
	{
		name: "the source table is made again", weight: 1, during: true, allowed: altered,
		do: func(w *world, r *rand.Rand) (healer, error) {
			return nil, w.alter(pick(r, w.tables...), pick(r, "FORCE", "ADD KEY k"+fmt.Sprint(r.IntN(1e6))+" (v)",
				"COMMENT = 'x'", "AUTO_INCREMENT = 100000"))
		},
	},
	{name: "the cursor gets more digits", weight: 1, allowed: another, do: refineCursor},
	{name: "the source table is locked", weight: 1, during: true, do: func(w *world, r *rand.Rand) (healer, error) {
		t := pick(r, w.tables...)
		return w.locked(r, pick(r, "LOCK TABLES "+t.name+" READ", "FLUSH TABLES WITH READ LOCK"), "UNLOCK TABLES")
	}},
	{name: "a client reads for long", weight: 1, during: true, do: func(w *world, r *rand.Rand) (healer, error) {
		return w.locked(r, "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT COUNT(*) FROM "+
			pick(r, w.tables...).name, "COMMIT")
	}},
	{name: "a transaction stays open", weight: 2, do: stayOpen},
	{name: "an XA transaction stays prepared", weight: 1, do: stayPrepared},
	{
		name: "the source table is emptied", weight: 1, allowed: append(another, failure.WatermarkAhead),
		do: func(w *world, r *rand.Rand) (healer, error) {
			t := pick(r, w.tables...)
			w.say("  %s", t.name)
			return nil, w.quiet(func() error {
				return w.source.exec(w.t.Context(), "TRUNCATE TABLE "+w.schema+"."+t.name)
			})
		},
	},
}

// alter changes a source table while writers write.
func (w *world) alter(t *tablePlan, change string) error {
	w.say("  ALTER TABLE %s %s", t.name, change)
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return w.source.exec(ctx, "ALTER TABLE "+w.schema+"."+t.name+" "+change)
}

// addColumn adds one. Rows that are there hold its default then, and no cursor rises.
func addColumn(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	c := drawColumn(r, fmt.Sprintf("n%d", r.IntN(1e6)))
	if !c.nullable && !c.defaulted {
		return nil, nil // rows that are there would get what no two servers agree on
	}
	t.know(c)
	where := ""
	if often(r, 50) {
		where = pick(r, " FIRST", " AFTER v")
	}
	if err := w.alter(t, "ADD COLUMN "+c.definition()+where); err != nil {
		return nil, err
	}
	value := null
	if c.defaulted {
		got, err := t.read(w.t.Context(), w.source.admin, fmt.Sprintf("SELECT DEFAULT(%s) AS %s FROM (SELECT 1) one "+
			"LEFT JOIN %s.%s t ON TRUE LIMIT 1", "t."+c.name, c.name, w.schema, t.name))
		if err != nil {
			return nil, err
		}
		value = got[0].vals[0]
	}
	w.histories[t.name].add(c.name, value)
	t.alter(func(all []column) []column { return append(all, c) })
	return nil, nil
}

func dropColumn(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	all := t.now()
	if len(all) < 2 {
		return nil, nil
	}
	c := pick(r, all...)
	t.alter(func(all []column) []column {
		return slices.DeleteFunc(all, func(d column) bool { return d.name == c.name })
	})
	w.histories[t.name].drop(c.name)
	if err := w.alter(t, "DROP COLUMN "+c.name); err != nil {
		return nil, err
	}
	_, on, name := w.place(t)
	return func() error { // the target cannot fill it any more
		if c.nullable || c.defaulted {
			return nil
		}
		return on.exec(w.t.Context(), "ALTER TABLE "+name+" DROP COLUMN "+c.name)
	}, nil
}

// wider are types that hold all values of others.
var wider = strings.NewReplacer("TINYINT", "SMALLINT", "INT UNSIGNED", "BIGINT UNSIGNED", "VARCHAR(60)", "VARCHAR(90)",
	"(20,6)", "(24,6)",
	"TEXT", "MEDIUMTEXT", "BLOB", "MEDIUMBLOB", "VARBINARY(40)", "VARBINARY(80)", "'größe','')", "'größe','','neu')",
	"'a','b','c'", "'a','b','c','d'")

func widenColumn(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	all := t.now()
	if len(all) == 0 {
		return nil, nil
	}
	c := pick(r, all...)
	if strings.Contains(c.ddl, "BIGINT") || strings.Contains(c.ddl, "MEDIUM") {
		return nil, nil
	}
	c.ddl = wider.Replace(c.ddl)
	if err := w.alter(t, "MODIFY COLUMN "+c.definition()); err != nil {
		return nil, err
	}
	t.alter(func(all []column) []column {
		for i := range all {
			if all[i].name == c.name {
				all[i] = c
			}
		}
		return all
	})
	_, on, name := w.place(t)
	return func() error { return on.exec(w.t.Context(), "ALTER TABLE "+name+" MODIFY COLUMN "+c.definition()) }, nil
}

// refineCursor gives a cursor the digits that it lacks: all its values stay as they are.
func refineCursor(w *world, r *rand.Rand) (healer, error) {
	t := pick(r, w.tables...)
	if t.cursor.ddl == "" || t.cursor.number || t.cursor.days {
		return nil, nil
	}
	kind := strings.ToUpper(strings.FieldsFunc(t.cursor.name, func(c rune) bool { return c == '(' || c == ' ' })[0])
	fine := moment(kind, 6, t.cursor.now == "")
	err := w.quiet(func() error { return w.alter(t, "MODIFY COLUMN "+t.cursor.column+" "+fine.ddl) })
	if err != nil {
		return nil, err
	}
	_, on, name := w.place(t)
	return func() error {
		return on.exec(w.t.Context(), "ALTER TABLE "+name+" MODIFY COLUMN "+t.cursor.column+" "+
			kind+"(6) NOT NULL DEFAULT '2000-01-01'")
	}, nil
}

// locked does something on the source in a session of its own, and ends it after a while.
func (w *world) locked(r *rand.Rand, begin, end string) (healer, error) {
	conn, err := w.application.Conn(w.t.Context())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	w.say("  %s", begin)
	for _, q := range []string{"SET SESSION lock_wait_timeout = 40", begin} {
		if _, err := conn.ExecContext(w.t.Context(), q); err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
	}
	pause(w.t.Context(), moments(r, 6*time.Second))
	_, err = conn.ExecContext(w.t.Context(), end)
	return nil, err
}

// further is one more writer of a table, which does only what the test says.
func (w *world) further(t *tablePlan, r *rand.Rand) *writer {
	w.strangers++
	return &writer{
		table: t, schema: w.schema, history: w.histories[t.name], source: w.application, reader: w.reader,
		rest: &w.rest, id: 100 + w.strangers, of: 1,
		next: 20_000 + 1000*w.strangers, longest: time.Second, random: r, live: map[string][]any{},
	}
}

// stayOpen lets a transaction be open across runs.
func stayOpen(w *world, r *rand.Rand) (healer, error) {
	other := w.further(pick(r, w.tables...), r)
	ctx := w.t.Context()
	var err error
	if other.conn, err = other.connect(ctx); err != nil {
		return nil, err
	}
	if err := other.say(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	if err := other.send(ctx); err != nil && !explained(err) {
		return nil, err
	}
	w.say("  on %s", other.table.name)
	pause(ctx, moments(r, 3*time.Second))
	return func() error {
		defer other.leave()
		other.committing()
		if err := other.say(ctx, "COMMIT"); err != nil {
			return err
		}
		w.writers = append(w.writers, other)
		return w.noted(other)
	}, nil
}

// stayPrepared leaves an XA transaction behind that no connection belongs to.
func stayPrepared(w *world, r *rand.Rand) (healer, error) {
	other := w.further(pick(r, w.tables...), r)
	ctx := w.t.Context()
	var err error
	if other.conn, err = other.connect(ctx); err != nil {
		return nil, err
	}
	xid := fmt.Sprintf("'%s-%d'", w.schema, w.strangers)
	if err := other.say(ctx, "XA START "+xid); err != nil {
		return nil, err
	}
	if err := other.send(ctx); err != nil && !explained(err) {
		return nil, err
	}
	for _, q := range []string{"XA END " + xid, "XA PREPARE " + xid} {
		if err := other.say(ctx, q); err != nil {
			return nil, err
		}
	}
	other.leave()
	w.say("  on %s", other.table.name)
	return func() error {
		other.committing()
		w.writers = append(w.writers, other)
		if err := w.source.exec(ctx, "XA COMMIT "+xid); err != nil {
			return err
		}
		return w.noted(other)
	}, nil
}

// noted records what a further writer has committed.
func (w *world) noted(other *writer) error {
	defer other.open.Add(1)
	return other.note(w.t.Context(), 0, false)
}
