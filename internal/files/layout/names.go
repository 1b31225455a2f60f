package layout

import (
	"strings"
	"unicode"
)

// CheckName refuses a file's name that has control characters: names are shown in terminals, which would obey them. Its
// error wraps ErrLayout.
func CheckName(name string) error {
	if strings.ContainsFunc(name, unicode.IsControl) {
		return refuse("the name %q has control characters: rename the file", name)
	}
	return nil
}

func (f Found) checkNames() error {
	var names []string
	for _, l := range f.Loads {
		names = append(names, l.ID)
		for _, file := range l.Files {
			names = append(names, file.Key)
		}
	}
	for _, w := range f.Waiting {
		names = append(names, w.ID)
		for _, file := range w.Files {
			names = append(names, file.Key)
		}
	}
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	return nil
}
