package process

// DefaultNice is the niceness that worker and standalone server give themselves. It costs
// nothing on a machine of their own; beside a database server it is what its other clients
// notice of them least by (docs/reliability.md, Neighbours).
const DefaultNice = 10
