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
	for _, l := range f.Loads {
		if err := checkNames(l.ID, l.Files); err != nil {
			return err
		}
	}
	for _, w := range f.Waiting {
		if err := checkNames(w.ID, w.Files); err != nil {
			return err
		}
	}
	return nil
}

func checkNames(id string, list []File) error {
	err := CheckName(id)
	for i := 0; err == nil && i < len(list); i++ {
		err = CheckName(list[i].Key)
	}
	return err
}
