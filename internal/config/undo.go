package config

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// Undo says what is kept of the rows that a repair or a sweep of deletes replaces or removes.
type Undo struct {
	// Off keeps nothing.
	Off bool
	// Keep is how long the old rows stay in staging.
	Keep time.Duration
}

// undos are the keys under "undo", in defaults and in every table.
var undos = []field[Table]{
	durationField("keep", builtinUndo.Keep, time.Hour, 3650*day, "How long the rows that a repair or a sweep of "+
		"deletes has replaced or removed stay in staging, for `tablehaul undo`.",
		func(t *Table) *time.Duration { return &t.Undo.Keep }),
}

// setUndo is the set of the key "undo": off, or a mapping.
func setUndo(d *decoder, a at, t *Table) {
	switch a.node.(type) {
	case *ast.StringNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.LiteralNode:
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		if v.text != "off" {
			d.problem(a, "write off, or { keep: 720h }", "%s is neither off nor a mapping", v.shown)
			return
		}
		t.Undo.Off = true
	default:
		t.Undo.Off = false
		decodeMapping(d, a, undos, undoHints, t)
	}
}

var undoHints = map[string]string{
	"": "write off, or { keep: 720h }", "retention": "write keep", "off": "write undo: off", "mode": "write undo: off",
}

// builtinUndo is what a table has that says nothing of undo.
var builtinUndo = Undo{Keep: staging.DefaultKeep}
