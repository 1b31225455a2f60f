// Package debian unpacks programs of Debian's packages into a folder, without installing them.
package debian
