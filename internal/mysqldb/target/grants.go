package target

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// anywhere is the scope of privileges that belong to the whole server.
var anywhere table.Name

// grants is what a login may do, as far as SHOW GRANTS says: by itself, and by the roles that are active when
// a session begins.
type grants struct {
	list []grant
	// unknown says that the list is not complete: a line was not understood, or revokes a part.
	unknown bool
	// roles says that the login has roles, active or not.
	roles bool
}

type grant struct {
	privileges []string // upper case; "ALL PRIVILEGES" for all
	scope      table.Name
}

var (
	grantLine = regexp.MustCompile(`(?is)^GRANT (.+?) ON (?:TABLE )?(\*|` + "`(?:[^`]|``)*`" + `)\.(\*|` +
		"`(?:[^`]|``)*`" + `) TO `)
	// grantElsewhere are the lines about what is no table: procedures, proxies.
	grantElsewhere = regexp.MustCompile(`(?i)^GRANT (?:PROXY|.+ ON (?:PROCEDURE|FUNCTION|PACKAGE|PACKAGE BODY) )`)
	// grantRole are the lines about roles. What active ones give has lines of its own.
	grantRole    = regexp.MustCompile("(?i)^(?:GRANT ['`]|SET DEFAULT ROLE )")
	grantColumns = regexp.MustCompile("(?i)[A-Z ]+\\((?:`(?:[^`]|``)*`|[^)])*\\)")
)

func readGrants(ctx context.Context, d *mysqldb.DB) (_ grants, err error) {
	query, err := showGrants(ctx, d)
	if err != nil {
		return grants{}, err
	}
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return grants{}, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var g grants
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return grants{}, err
		}
		g.read(line)
	}
	return g, rows.Err()
}

// showGrants is the statement that lists a login's privileges together with those of its active
// roles. MySQL wants their names; MariaDB lists them by itself.
func showGrants(ctx context.Context, d *mysqldb.DB) (string, error) {
	const own = "SHOW GRANTS"
	if d.Server.Flavor == mysqldb.FlavorMariaDB || !d.Server.AtLeast(8, 0, 0) {
		return own, nil
	}
	var active string // such as `reader`@`%`,`writer`@`%`
	if err := d.QueryRowContext(ctx, "SELECT CURRENT_ROLE()").Scan(&active); err != nil {
		return "", err
	}
	if active == "NONE" {
		return own, nil
	}
	return own + " FOR CURRENT_USER() USING " + active, nil
}

// read parses one line of SHOW GRANTS. A line that it cannot parse sets unknown.
func (g *grants) read(line string) {
	m := grantLine.FindStringSubmatch(line)
	switch {
	case m != nil:
	case grantRole.MatchString(line):
		g.roles = true
		return
	default:
		g.unknown = g.unknown || !grantElsewhere.MatchString(line)
		return
	}
	entry := grant{scope: table.Name{Schema: scopeName(m[2]), Table: scopeName(m[3])}}
	// A privilege on some columns is none on the table.
	for part := range strings.SplitSeq(grantColumns.ReplaceAllString(m[1], ""), ",") {
		entry.privileges = append(entry.privileges, strings.ToUpper(strings.TrimSpace(part)))
	}
	g.list = append(g.list, entry)
}

// scopeName is the name in a scope, "" for *.
func scopeName(s string) string {
	if s == "*" {
		return ""
	}
	return strings.ReplaceAll(s[1:len(s)-1], "``", "`")
}

// has reports whether a grant gives a privilege on a scope: a table, all of a schema
// (empty Table), or the server (anywhere).
func (g grants) has(privilege string, on table.Name) bool {
	for _, entry := range g.list {
		if !entry.covers(on) {
			continue
		}
		for _, p := range entry.privileges {
			if p == privilege || p == "ALL PRIVILEGES" || p == "ALL" {
				return true
			}
		}
	}
	return false
}

func (e grant) covers(on table.Name) bool {
	if e.scope.Schema != "" && (on.Schema == "" || !likeMatches(e.scope.Schema, on.Schema)) {
		return false
	}
	return e.scope.Table == "" || e.scope.Table == on.Table
}

// require refuses the plan for privileges that the login clearly does not have.
func (g grants) require(p *Diff, privileges ...string) {
	var lacking []string
	for _, privilege := range privileges {
		if !g.unknown && !g.has(privilege, p.Name) {
			lacking = append(lacking, privilege)
		}
	}
	if len(lacking) > 0 {
		list := strings.Join(lacking, ", ")
		remedy := p.to.Grant(list, sqltext.Qualified(p.Name))
		if g.roles {
			remedy += ", or make the role that has them one of its default roles"
		}
		p.addFinding(table.LevelRefuse, "", "the login lacks "+list+" on the target", remedy).Topic = table.TopicGrant
	}
}

// likeMatches reads a schema's name in a grant, where _ and % are wildcards unless escaped.
func likeMatches(pattern, name string) bool {
	var b strings.Builder
	b.WriteString("(?is)^")
	escaped := false
	for _, r := range pattern {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '%':
			b.WriteString(".*")
		case !escaped && r == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
		escaped = false
	}
	b.WriteString("$")
	re, err := regexp.Compile(b.String())
	return err == nil && re.MatchString(name)
}
