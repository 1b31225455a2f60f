package target

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Where a source column has become wider, the target's column follows if that is harmless: every value stays
// what it is, and other clients of the target do not wait long. Any other difference is refused, with the
// statement that a person can run at a good time.

// narrowColumn is a target column that does not take every value of its source.
type narrowColumn struct {
	from, to *schema.Column
	// why is empty where only NULL does not fit.
	why string
}

// widenColumns widens the target's narrow columns, or refuses.
func (c *comparison) widenColumns(ctx context.Context) error {
	if len(c.narrow) == 0 {
		return nil
	}
	definitions, err := columnLines(ctx, c.dst, c.target)
	if err != nil {
		return err
	}
	tied, err := tiedColumns(ctx, c.dst, c.target)
	if err != nil {
		return err
	}
	var parts, names []string
	how := algorithmInstant
	for _, n := range c.narrow {
		sqlType, exact := widened(c.from, c.to, n.from, n.to)
		line := ""
		if sqlType != "" {
			line = modified(definitions[n.to.Name], n.to, sqlType, n.from.Nullable || n.to.Nullable)
		}
		by := algorithmOf(c.dst.Server, c.target, n)
		if why := cannotWiden(n, c.target, exact && line != "", c.options, tied, by); why != "" {
			if line == "" {
				line, why = c.ddl.replaced(n), ""
			}
			refuseNarrow(c.Diff, n, line, why)
			continue
		}
		parts, names, how = append(parts, "MODIFY COLUMN "+line), append(names, n.to.Name), max(how, by)
	}
	if len(parts) == 0 || c.Refused() {
		return nil
	}
	changes := "\n  " + strings.Join(parts, ",\n  ")
	if err := c.ddl.tryAlter(ctx, c.dst, c.Diff, changes); err != nil {
		return err
	}
	c.grants.require(c.Diff, "ALTER")
	if how != algorithmCopy {
		changes += ",\n  ALGORITHM=" + how.String() // never a copy in silence
	}
	c.Statements = append(c.Statements, alterable(c.target, c.Diff, "ALTER TABLE "+sqltext.Qualified(c.Name)+changes))
	c.addFinding(table.LevelInfo, "", fmt.Sprintf("columns of the target are widened, as those of the source were: %s "+
		"(ALGORITHM=%s)", strings.Join(names, ", "), how), "")
	return nil
}

// cannotWiden says why a column is not widened by us, or "".
func cannotWiden(
	n narrowColumn, target *schema.Table, exact bool, o Options, tied map[string]bool, by algorithm,
) string {
	contract := o.Contract
	switch {
	case !exact:
		return "values may be lost, so that it is not altered by itself (schema.narrowed)"
	case contract.Widened != table.ContractAlter:
		return "schema.widened is fail"
	case tied[strings.ToLower(n.to.Name)]:
		return "a foreign key has the column"
	case by == algorithmCopy && !o.Beside && target.RowsEstimate > contract.MaxCopyRows:
		return fmt.Sprintf("the ALTER copies about %s (ALGORITHM=COPY) while the target's writers wait, and "+
			"schema.maxCopyRows is %s: raise it, or run the ALTER at a good time",
			human.Count(target.RowsEstimate, "row"), humanize.Comma(contract.MaxCopyRows))
	}
	return ""
}

func refuseNarrow(p *Diff, n narrowColumn, line, why string) {
	text := "is NOT NULL on the target and nullable at the source"
	remedy := "make it nullable on the target"
	if n.why != "" {
		text = fmt.Sprintf("is %s on the target and %s at the source: %s", describeType(n.to), describeType(n.from),
			n.why)
		remedy = "change the target's column to " + describeType(n.from)
	}
	if line != "" {
		remedy = fmt.Sprintf("ALTER TABLE %s MODIFY COLUMN %s", sqltext.Qualified(p.Name), line)
	}
	if why != "" {
		text += "; " + why
	}
	p.addFinding(table.LevelRefuse, n.to.Name, text, remedy)
}

// replaced is the source's column as the target would be created with it, in place of a column that
// no wider type of its own kind suffices for; "" where the target cannot have it.
func (d *ddl) replaced(n narrowColumn) string {
	noted := d.findings
	defer func() { d.findings = noted }()
	from := *n.from
	from.Name, from.Comment, from.Invisible = n.to.Name, n.to.Comment, n.to.Invisible
	from.AutoIncrement = n.to.AutoIncrement
	if wide := bothSigns(n.from, n.to); wide != "" {
		from.Type = wide
	}
	line, ok := d.column(&from, false)
	if !ok {
		return ""
	}
	return line
}

// bothSigns is the type that holds a signed and an unsigned integer's values, "" for other columns.
func bothSigns(from, to *schema.Column) string {
	if !from.Kind.IsInteger() || !to.Kind.IsInteger() || from.Kind == to.Kind {
		return ""
	}
	signed, unsigned := from, to
	if from.Kind == table.KindUint {
		signed, unsigned = to, from
	}
	for _, wide := range []string{"smallint", "mediumint", "int", "bigint"} {
		if bits := schema.IntegerBits[wide]; bits >= signed.Bits && bits > unsigned.Bits {
			return wide
		}
	}
	return "decimal(20,0)"
}

// widened is the type that a target column needs for its source's values, "" for none of its own
// kind. exact says that the values it holds now fit as well, and that none of them changes.
func widened(fromServer, toServer mysqldb.Server, from, to *schema.Column) (sqlType string, exact bool) {
	if misfit(from, to) == "" {
		return to.Type, true // for NULL
	}
	if from.Kind != to.Kind || !table.ReadAlike(from.Column, to.Column) {
		return "", false
	}
	wide := *to
	wide.Type, wide.Members = from.Type, from.Members
	wide.Bits, wide.Precision, wide.Scale, wide.Length = from.Bits, from.Precision, from.Scale, from.Length
	sqlType, changed := targetType(&wide, fromServer, toServer)
	if changed || misfit(from, &wide) != "" {
		return "", false
	}
	// A comment in a type is an attribute, such as COMPRESSED, which would be lost.
	return sqlType, misfit(to, &wide) == "" && isHarmless(from, to) && !strings.Contains(to.Type, "/*")
}

// isHarmless reports the changes of a type that are followed.
func isHarmless(from, to *schema.Column) bool {
	family := func(c *schema.Column) string { name, _, _ := strings.Cut(strings.ToLower(c.Type), "("); return name }
	switch from.Kind {
	case table.KindInt, table.KindUint:
		return !strings.Contains(strings.ToLower(to.Type+from.Type), "zerofill")
	case table.KindDecimal:
		return isUnsigned(from) == isUnsigned(to)
	case table.KindString:
		return family(from) == family(to) || isText(from) && isText(to)
	case table.KindBytes:
		isBlob := func(c *schema.Column) bool { return strings.HasSuffix(family(c), "blob") }
		return family(from) == "varbinary" && family(to) == "varbinary" || isBlob(from) && isBlob(to)
	case table.KindBit, table.KindDateTime, table.KindTimestamp, table.KindTime:
		return true
	case table.KindEnum, table.KindSet:
		return len(to.Members) <= len(from.Members) && slices.Equal(to.Members, from.Members[:len(to.Members)])
	default:
		return false
	}
}
