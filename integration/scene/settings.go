package scene

import (
	"fmt"
	"strconv"
)

// ReadNumber reads a whole number from the environment, least or more; one that is not set
// leaves out as it is.
func ReadNumber(getenv func(string) string, name string, least int, out *int) error {
	text := getenv(name)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		return fmt.Errorf("%s=%s: give a whole number of at least %d", name, text, least)
	}
	*out = n
	return nil
}
