package config

import (
	"io/fs"
	"runtime"

	"github.com/goccy/go-yaml/ast"
)

// readableByAll is the permission of a file that each user of the machine may read.
const readableByAll fs.FileMode = 0o004

// isLiteral reports whether a value is in the file itself, and not where a variable points.
func isLiteral(a at) bool {
	n, ok := a.node.(*ast.StringNode)
	return ok && n.Value != "" && !variable.MatchString(n.Value)
}

// warnReadable warns of each secret in a file that other users of the machine may read.
func (d *decoder) warnReadable(mode fs.FileMode) {
	if mode&readableByAll == 0 || runtime.GOOS == "windows" { // which shows no such permissions
		return
	}
	for _, a := range d.secrets {
		d.warn(a, "chmod o-r the file, or write ${NAME} or ${file:/path} in its place",
			"a secret is in a file that every user of this machine may read (mode %04o)", mode.Perm())
	}
}
