// Package config reads tablehaul.yaml and the environment into validated values.
//
// It owns the file's shape, its defaults and its bounds, and the messages about them. It opens no connection and knows
// neither Temporal nor the MySQL driver; only programs import it, and everything below them receives plain values.
//
// Its one invariant: [Load] returns either a configuration whose every value is inside its bounds, or [Problems] with
// everything that is wrong with the file at once. No message holds the value of a variable or of a DSN.
package config
