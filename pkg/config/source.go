package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Source remembers where a configuration was written: which key stands in
// which line of the file, and which came from a variable.
type Source struct {
	file   string
	empty  bool // the file holds no key
	places map[string]place
}

// place is where one key was written.
type place struct {
	line     int    // of the file
	variable string // or the variable that gave it
}

func (p place) String() string {
	if p.variable != "" {
		return p.variable
	}
	return fmt.Sprintf("line %d", p.line)
}

// Warnings are what the source itself gives reason for.
func (s *Source) Warnings() []string {
	if s == nil || !s.empty {
		return nil
	}
	return []string{fmt.Sprintf("-config: %s holds no key, so every value is its default", s.file)}
}

// Locate adds to each fault of the form "key: reason" where the key was
// written. Where it was not, its section is said, since that is where it
// belongs.
func (s *Source) Locate(err error) error {
	if s == nil || err == nil {
		return err
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok { // as in Faults
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, s.Locate(e))
		}
		return errors.Join(out...)
	}
	if _, known := err.(*Fault); known { //nolint:errorlint // a wrapped one is somebody else's sentence
		return err
	}
	text := err.Error()
	if said := s.Say(text); said != text {
		return &located{text: said, line: s.line(text), cause: err}
	}
	return err
}

// Say is Locate for a sentence.
func (s *Source) Say(text string) string {
	keys, reason, ok := strings.Cut(text, ": ")
	if s == nil || !ok || !isKeys(keys) {
		return text
	}
	if p, found := s.find(keys); found {
		return fmt.Sprintf("%s (%v): %s", keys, p, reason)
	}
	return text
}

func (s *Source) line(text string) int {
	keys, _, _ := strings.Cut(text, ": ")
	p, _ := s.find(keys)
	return p.line
}

// find looks for the first of some keys, and for the sections around it.
func (s *Source) find(keys string) (place, bool) {
	key, _, _ := strings.Cut(keys, ", ")
	for key != "" {
		if p, ok := s.places[key]; ok {
			return p, true
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
	return place{}, false
}

// isKeys tells "http.listen, admin.listen" from the beginning of a sentence.
func isKeys(text string) bool {
	return regexp.MustCompile(`^[a-z][A-Za-z0-9]*([.][A-Za-z0-9]+|\[\d+\])*(, [a-z][A-Za-z0-9]*([.][A-Za-z0-9]+|\[\d+\])*)*$`).MatchString(text)
}

// written notes where a key came from. What a variable gives replaces all that
// the file has there.
func (s *Source) written(path string, p place) {
	if p.variable != "" {
		for key := range s.places {
			if strings.HasPrefix(key, path+".") || strings.HasPrefix(key, path+"[") {
				delete(s.places, key)
			}
		}
	}
	s.places[path] = p
}

// located is a fault of a key with its place.
type located struct {
	text  string
	line  int
	cause error
}

func (l *located) Error() string { return l.text }
func (l *located) Unwrap() error { return l.cause }
