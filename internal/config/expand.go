package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// maxSecretFile bounds what ${file:…} reads: a secret is a line, and a device or a log
// named by mistake must not fill the memory.
const maxSecretFile = 64 << 10

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// execTime bounds a command of ${exec:…}: a worker waits for it when it starts, and when a server refuses a login.
const execTime = 10 * time.Second

// Expand replaces ${NAME} by the environment's value, ${file:/path} by a file's content and ${exec:command}
// by what a command prints, each without its last line break. $${ is a literal ${. What was put in is
// not expanded again, so a value may hold any character. Errors name the variable, never its value.
func Expand(s string, getenv func(string) string) (string, error) {
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
	if command, ok := strings.CutPrefix(name, "exec:"); ok {
		return runSecret(command)
	}
	if !variableName.MatchString(name) {
		return "", fmt.Errorf("${%s} is neither a variable name nor file:/path nor exec:command", name)
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

// runSecret is what a shell's command prints. Errors show the command, which the file shows, too,
// and nothing of what it printed.
func runSecret(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), execTime)
	defer cancel()
	out := &limited{left: maxSecretFile}
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Stdout = out
	c.WaitDelay = time.Second // for a child of it that holds the output open
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command %q of exec: does not end within %s", command, execTime)
	case out.over:
		return "", fmt.Errorf("the command %q of exec: prints more than %s", command, formatSize(maxSecretFile))
	case err != nil:
		return "", fmt.Errorf("the command %q of exec: fails: %w", command, err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(out.text.String(), "\n"), "\r")
	if text == "" {
		return "", fmt.Errorf("the command %q of exec: prints nothing", command)
	}
	return text, nil
}

// limited keeps the first bytes of what is written to it.
type limited struct {
	text strings.Builder
	left int
	over bool
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.text.Write(p[:n])
	l.left -= n
	l.over = l.over || n < len(p)
	return len(p), nil
}

// pathCause drops the "open /path:" of an os error, which our own sentence already says.
func pathCause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}
