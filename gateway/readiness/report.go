package readiness

import (
	"slices"
	"strings"
)

// Report is what one round of checks found.
type Report struct {
	Ready  bool     `json:"ready"`
	Checks []Result `json:"checks"`
}

// Result is what one check found.
type Result struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // why it is not; for operators
}

// Public is the report without details: these name parts of the inside.
func (r Report) Public() Report {
	checks := make([]Result, len(r.Checks))
	for i, c := range r.Checks {
		checks[i] = Result{Name: c.Name, OK: c.OK}
	}
	r.Checks = checks
	return r
}

// Has reports whether a check is there and ok.
func (r Report) Has(check string) bool {
	return slices.ContainsFunc(r.Checks, func(c Result) bool { return c.OK && c.Name == check })
}

// Without is the report of a gateway that is not ready for one more reason.
func (r Report) Without(name, detail string) Report {
	r.Ready, r.Checks = false, append(slices.Clone(r.Checks), Result{Name: name, Detail: detail})
	return r
}

// Trouble joins the details of what is not there, "" when all is.
func (r Report) Trouble() string {
	var parts []string
	for _, c := range r.Checks {
		if !c.OK {
			parts = append(parts, c.Name+": "+c.Detail)
		}
	}
	return strings.Join(parts, "; ")
}
