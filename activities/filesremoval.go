package activities

import (
	"context"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// removal says which rows of files are deletes, and what becomes of the target's.
type removal struct {
	// Hint is the column by which the maker of the files marks them: true where it is a Bool, else not NULL.
	Hint table.Column `json:"hint"`
	Bool bool         `json:"bool,omitempty"`
	// Mark is the column of the target that takes the moment of the load; "" deletes rows.
	Mark string `json:"mark,omitempty"`
	// NotNull are the columns in which a row that is there has no NULL. A delete needs the key and the cursor alone.
	NotNull []string `json:"notNull,omitempty"`
}

// momentColumn has the moment at which a row was deleted, where the target has no column for it.
const momentColumn = "tablehaul_deleted"

// moment is the text of a load's time for that column.
const moment = "2006-01-02 15:04:05.000000"

// marksDeleted is the column by which the maker marks deleted rows; "" where it does not. dlt's hint means something
// for a merge only.
func (f *filesDraft) marksDeleted() string {
	if f.found.Schema == nil || f.found.Schema.Disposition != layout.Merge {
		return ""
	}
	return f.found.Schema.HardDelete
}

// removes reports whether rows that the maker marks as deleted go from the target, or are marked there.
func (p *planDraft) removes() bool {
	return p.files.marksDeleted() != "" &&
		(p.settings.Deletes.Mode == api.DeletesHard || p.settings.Deletes.Mode == api.DeletesSoft)
}

// makerColumn is a column of the maker's schema as a column of ours, by its own type.
func (f *filesDraft) makerColumn(name string) (table.Column, error) {
	one := layout.Schema{Columns: slices.DeleteFunc(slices.Clone(f.found.Schema.Columns), func(c layout.Column) bool {
		return c.Name != name
	})}
	for _, c := range makerColumns(&one, nil) {
		return schema.ParseType(c.Type, table.Column{Name: name, Nullable: true})
	}
	return table.Column{}, schema.ErrType
}

// planRemoval gives the plan what the steps have to know of deletes: the columns of the files and one for the moment.
func (p *planDraft) planRemoval(ctx context.Context) error {
	if !p.removes() {
		return nil
	}
	what, remedy, err := p.settings.deleteProblem(ctx, p.dst)
	if err != nil {
		return translate(ctx, err, targetAt(p.settings))
	}
	if what != "" && !p.target.Create {
		p.refuseFiles("", "deletes: "+what, remedy)
		return nil
	}
	mark := p.files.marksDeleted()
	r := &removal{Mark: p.settings.Deletes.softColumn()}
	if r.Hint, err = p.files.makerColumn(mark); err != nil {
		p.refuseFiles(mark, "the maker marks deleted rows by column "+mark+", of a type that is not known: "+
			err.Error(), "set deletes: { mode: off }, which keeps such rows on the target, with the mark")
		return nil
	}
	r.Bool = r.Hint.Kind == table.KindInt && r.Hint.Bits == 8
	for i := range p.target.Columns {
		c := &p.target.Columns[i]
		if c.SourceName() == mark {
			r.Hint = *c
		}
		if !c.Nullable && !table.SameColumn(c.Name, p.settings.Cursor) && !table.HasColumn(p.table.PrimaryKey, c.Name) {
			r.NotNull = append(r.NotNull, c.Name)
			c.Nullable = true
		}
	}
	r.Hint.Nullable = true
	moment, err := schema.ParseType("datetime(6)", table.Column{Name: momentColumn, Nullable: true})
	if err != nil {
		return err
	}
	if r.Mark != "" {
		moment.Name = r.Mark
	}
	p.target.Columns = append(p.target.Columns, moment)
	p.files.removal = r
	return nil
}

// softFilesColumn is the column that marks deleted rows, where this table is to have one.
func (p *planDraft) softFilesColumn() string {
	if !p.removes() {
		return ""
	}
	return p.settings.Deletes.softColumn()
}

// filesDeletesText says in a sentence what becomes of rows that the maker of the files marks as deleted.
func (p *planDraft) filesDeletesText() string {
	mark := p.files.marksDeleted()
	switch {
	case mark == "":
		return "off: the files do not say which rows are deleted"
	case !p.removes():
		return "off: rows that the files mark as deleted, by " + mark + ", stay on the target with the mark"
	case p.settings.Deletes.Mode == api.DeletesSoft:
		return "soft: runs set " + p.settings.Deletes.Column + " of rows that the files mark as deleted, by " + mark
	}
	return "hard: runs delete rows that the files mark as deleted, by " + mark
}

// isDelete reports whether a value of the hint says that its row is a delete.
func (r *removal) isDelete(v []byte) bool {
	if v == nil || !r.Bool {
		return v != nil
	}
	return len(v) > 0 && string(v) != "0" && string(v) != "false"
}

// at is the text of the moment that deletes of a file get.
func (p plannedFile) at() []byte { return p.Load.UTC().AppendFormat(nil, moment) }

// samePart reports whether rows of two files may be in one part. With deletes, a chunk has rows of one load: what the
// next one brings is written after the former one's deletes.
func (r *removal) samePart(a, b time.Time) bool { return r == nil || a.Equal(b) }
