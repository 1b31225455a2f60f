// Package temporalopts says how all of the project's programs connect to Temporal.
package temporalopts
