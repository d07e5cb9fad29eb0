package vendorhttp

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Codes are error codes of a vendor that mean one class, with a space between
// two. A star at an end of a code stands for anything.
type Codes struct {
	Class task.Class
	List  string
}

// ClassOf is the class of a vendor's code: that of the first table that has it,
// or else what the status says.
func (a Answer) ClassOf(code string, tables ...Codes) task.Class {
	for _, t := range tables {
		for pattern := range strings.FieldsSeq(t.List) {
			if fits(pattern, code) {
				return t.Class
			}
		}
	}
	return a.Class()
}

func fits(pattern, code string) bool {
	start, end := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch text := strings.Trim(pattern, "*"); {
	case start && end:
		return strings.Contains(code, text)
	case start:
		return strings.HasSuffix(code, text)
	case end:
		return strings.HasPrefix(code, text)
	default:
		return code == text
	}
}
