package process

// DefaultNice is the niceness that worker and standalone server give themselves. It costs nothing on a machine of their
// own. Beside a database server, other clients wait less for it (docs/reliability.md, Other clients of the servers).
const DefaultNice = 10
