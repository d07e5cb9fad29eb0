package providertest

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Table is what operators read of a vendor's errors: the rows about it in
// worker/provider/README.md.
type Table []row

type row struct {
	code   string // "*" is anything
	status int    // 0: any
	class  task.Class
}

// Classes are a driver's own table.
type Classes func(status int, code string) task.Class

// Statuses that say nothing by themselves, and different things where a code
// says nothing.
const (
	teapot  = 418
	unnamed = 599
)

var spelt = [...]string{"`([^`]+)`(?: with ([0-9]{3}))?", `\bstatus ([0-9]{3})`}

// Documented reads the rows of a vendor and fails the test where the driver
// knows better.
func Documented(t *testing.T, vendor string, knows Classes) Table {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows Table
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(line, "|")
		if len(cells) == 5 && strings.TrimSpace(cells[1]) == vendor && slices.Contains(documented(), task.Class(strings.TrimSpace(cells[3]))) {
			rows = append(rows, readRow(cells[2], task.Class(strings.TrimSpace(cells[3])))...)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("README.md says nothing of %s", vendor)
	}
	for _, r := range rows {
		for _, status := range []int{teapot, unnamed} {
			status = cmp.Or(r.status, status)
			if code := r.example(); knows(status, code) != r.class {
				t.Errorf("README.md calls %q (%d) %s, the driver %s", code, status, r.class, knows(status, code))
			}
		}
	}
	return rows
}

func documented() []task.Class {
	return []task.Class{
		task.ClassContent, task.ClassInput, task.ClassRate, task.ClassQuota, task.ClassAuth, task.ClassTransient, task.ClassTimeout,
	}
}

// readRow reads "`A.B`, `.C`, `D*` with 401, status 409".
func readRow(cell string, class task.Class) (rows Table) {
	family := ""
	for _, m := range regexp.MustCompile(spelt[0]).FindAllStringSubmatch(cell, -1) {
		code := m[1]
		if strings.HasPrefix(code, ".") {
			code = family + code
		}
		family, _, _ = strings.Cut(strings.TrimRight(code, "*"), ".")
		status, _ := strconv.Atoi(m[2])
		rows = append(rows, row{code, status, class})
	}
	for _, m := range regexp.MustCompile(spelt[1]).FindAllStringSubmatch(cell, -1) {
		status, _ := strconv.Atoi(m[1])
		rows = append(rows, row{"", status, class})
	}
	return rows
}

// example is a code that only this row is about.
func (r row) example() string {
	code := r.code
	if strings.HasPrefix(code, "*") {
		code = "any" + code[1:]
	}
	return strings.Replace(code, "*", ".Anything", 1)
}

func (r row) covers(status int, code string) bool {
	if r.status != 0 && r.status != status {
		return false
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(r.code), `\*`, ".*")
	return regexp.MustCompile("^(?i:" + pattern + ")$").MatchString(code)
}

// Tells fails the test unless the table says of a code what its class is. A
// code that it does not mention counts as its status.
func (rows Table) Tells(t *testing.T, knows Classes, status int, code string) {
	t.Helper()
	if code == "" || knows(teapot, code) != knows(unnamed, code) {
		return
	}
	best := row{}
	for _, r := range rows {
		if r.covers(status, code) && (len(r.code) > len(best.code) || r.status != 0) {
			best = r
		}
	}
	if want := knows(status, code); best.class != want {
		t.Errorf("README.md calls %s (%d) %q, the driver %q", code, status, best.class, want)
	}
}
