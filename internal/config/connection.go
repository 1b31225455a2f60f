package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/tablehaul/tablehaul/internal/mysqldb/dsn"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// setDSN keeps the text of the file beside its value: secrets may have changed when a server refuses a login.
func setDSN(d *decoder, a at, c *Connection) {
	if n, ok := a.node.(*ast.StringNode); ok && rereadable.MatchString(n.Value) {
		c.unread = n.Value
	}
	v, ok := d.sealedScalar(a)
	c.DSN = DSN(strings.TrimSpace(v.text))
	if ok && c.DSN == "" {
		d.problem(a, "write it as user:password@tcp(host:3306)/, or set the variable or file that it comes from",
			"is empty")
	}
	if n, ok := a.node.(*ast.StringNode); ok && hasPassword(variable.ReplaceAllString(n.Value, "")) {
		d.secrets = append(d.secrets, a)
	}
}

// hasPassword reports whether a DSN holds a password.
func hasPassword(text string) bool {
	at := strings.LastIndexByte(text[:max(0, strings.LastIndexByte(text, '/'))], '@')
	if at < 0 {
		return false
	}
	_, password, _ := strings.Cut(text[:at], ":")
	return password != ""
}

// setCA takes a file that has to be there, where the program opens connections at all.
func setCA(d *decoder, a at, c *Connection) {
	v, ok := d.sealedScalar(a)
	if !ok {
		return
	}
	c.CA = v.text
	if d.sealed || v.text == "" {
		return
	}
	if err := dsn.CheckCA(v.text); err != nil {
		d.problem(a, "put the PEM file there on every worker, or correct the path", "%s", err.Error())
	}
}

var (
	variable   = regexp.MustCompile(`\$\{[^}]*\}`)
	rereadable = regexp.MustCompile(`\$\{(file|exec):`)
)

// checkDSN finds a DSN that no server could be reached by. Where variables stay unread, the part
// between them is looked at, as far as it tells.
func (d *decoder) checkDSN(a, ca at, c Connection) {
	text := string(c.DSN)
	if text == "" {
		return // it could not be read, and that is said already
	}
	if d.sealed && variable.MatchString(text) {
		plain := variable.ReplaceAllString(text, "")
		if !strings.Contains(plain, "@") || !strings.Contains(plain, "/") {
			return
		}
		text = variable.ReplaceAllString(text, "1") // a number is right for a port, too
	}
	var wrong *mysqlerr.DSNError
	if err := dsn.Check(text, dsn.TLSMode(c.TLS), ""); errors.As(err, &wrong) {
		d.problem(a, wrong.Write, "cannot be used with any server: %s", wrong.What)
		return
	}
	if err := dsn.Check(text, dsn.TLSMode(c.TLS), c.CA); errors.As(err, &wrong) {
		d.problem(ca, wrong.Write, "%s", wrong.What)
	}
}

// CanChange reports whether the DSN takes a secret from a file or a command.
func (c Connection) CanChange() bool { return c.unread != "" }

// ReadAgain is the DSN with what its files and commands hold now. It is the old one where the DSN
// takes nothing from them.
func (c Connection) ReadAgain(getenv func(string) string) (DSN, error) {
	if c.unread == "" {
		return c.DSN, nil
	}
	text, err := Expand(c.unread, getenv)
	return DSN(text), err
}
