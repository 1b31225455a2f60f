package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// maxSecretFile bounds what ${file:…} reads: a secret is a line, and a device or a log
// named by mistake must not fill the memory.
const maxSecretFile = 64 << 10

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces ${NAME} by the environment's value and ${file:/path} by a file's content
// without its last line break. $${ stands for a literal ${. What was put in is not expanded
// again, so a value may hold any character. Errors name the variable, never its value.
func expand(s string, getenv func(string) string) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			return b.String(), nil
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		name, rest, closed := strings.Cut(s[i+2:], "}")
		if !closed {
			return "", errors.New("a ${ without its }")
		}
		value, err := lookup(name, getenv)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		s = rest
	}
}

func lookup(name string, getenv func(string) string) (string, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		return readSecret(path)
	}
	if !variableName.MatchString(name) {
		return "", fmt.Errorf("${%s} is neither a variable name nor file:/path", name)
	}
	if value := getenv(name); value != "" {
		return value, nil
	}
	return "", fmt.Errorf("the environment variable %s is not set", name)
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the secret file %s cannot be read: %w", path, pathCause(err))
	}
	defer func() { _ = f.Close() }() // only read from
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("the secret file %s cannot be read: %w", path, pathCause(err))
	}
	if len(content) > maxSecretFile {
		return "", fmt.Errorf("the secret file %s is larger than %s", path, formatSize(maxSecretFile))
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if text == "" {
		return "", fmt.Errorf("the secret file %s is empty", path)
	}
	return text, nil
}

// pathCause drops the "open /path:" of an os error, which our own sentence already says.
func pathCause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Expand is a value of the file with its variables in their places: ${NAME}, ${file:/path}.
// Errors name the variable, never its value.
func Expand(s string, getenv func(string) string) (string, error) { return expand(s, getenv) }
