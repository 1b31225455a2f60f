package schematest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Folder is docs/schemas.
func Folder() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../../../docs/schemas")
}

// File is the name of the schema of a command, such as "schedule-list.json" of "schedule list".
func File(command string) string { return strings.ReplaceAll(command, " ", "-") + ".json" }

var (
	mu       sync.Mutex
	resolved = map[string]*jsonschema.Resolved{}
)

// load reads the schema of a command once.
func load(command string) (*jsonschema.Resolved, error) {
	mu.Lock()
	defer mu.Unlock()
	if r := resolved[command]; r != nil {
		return r, nil
	}
	text, err := os.ReadFile(filepath.Join(Folder(), File(command)))
	if err != nil {
		return nil, fmt.Errorf("tablehaul %s has no schema: %w", command, err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", File(command), err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File(command), err)
	}
	resolved[command] = r
	return r, nil
}

// Check compares each line that a command has printed with its schema. Every line has to be an object. The words of
// command are those after the program's name, such as "schedule list".
func Check(command, stdout string) error {
	lines := bufio.NewScanner(strings.NewReader(stdout))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		schema, err := load(command)
		if err != nil {
			return err
		}
		var value any
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("tablehaul %s: a line is no JSON: %w: %s", command, err, lines.Text())
		}
		if err := schema.Validate(value); err != nil {
			return fmt.Errorf("tablehaul %s: %s: %w: %s", command, File(command), err, lines.Text())
		}
	}
	return lines.Err()
}

// Command is the command that arguments name, as far as it has a schema; "" for none.
func Command(args []string) string {
	for n := min(2, len(args)); n > 0; n-- {
		command := strings.Join(args[:n], " ")
		if _, err := os.Stat(filepath.Join(Folder(), File(command))); err == nil {
			return command
		}
	}
	return ""
}
