package app

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// ChangesView shows changes as the history does; doc is what json and yaml
// print.
func ChangesView(doc any, changes []operator.Change) terminal.View {
	v := terminal.View{Doc: doc, Table: terminal.Table{
		Columns: []terminal.Column{
			{Name: "version", Right: true}, {Name: "when"}, {Name: "who", Least: 8}, {Name: "action"}, {Name: "subject", Least: 8},
			{Name: "change", Least: 24}, {Name: "reason", Least: 8},
		},
		Empty: "Nothing was changed yet.",
	}}
	for _, c := range changes {
		v.Names = append(v.Names, strconv.Itoa(c.Version))
		v.Table.Rows = append(v.Table.Rows, []string{
			strconv.Itoa(c.Version), Clock(c.At), c.Who, c.Action, c.Subject, difference(c.Before, c.After), c.Reason,
		})
	}
	return v
}

// difference writes two JSON objects as "sessionDaily 20 → 3". The section is
// left out: the action says it.
func difference(before, after json.RawMessage) string {
	b, a := leaves(before), leaves(after)
	names := maps.Clone(b)
	maps.Copy(names, a)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if b[name] != a[name] {
			short := name
			for _, section := range []string{"limits.", "providers.", "workers.", "experiments.", "campaigns."} {
				short = strings.TrimPrefix(short, section)
			}
			parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s → %s", short, cmp.Or(b[name], "–"), cmp.Or(a[name], "–"))))
		}
	}
	return strings.Join(parts, ", ")
}

// leaves flattens a JSON document to paths and values.
func leaves(raw json.RawMessage) map[string]string {
	out := make(map[string]string)
	var doc any
	if len(raw) == 0 || json.Unmarshal(raw, &doc) != nil {
		return out
	}
	flatten(out, "", doc)
	return out
}

func flatten(out map[string]string, path string, doc any) {
	object, ok := doc.(map[string]any)
	if !ok {
		if doc != nil {
			raw, _ := json.Marshal(doc)
			out[path] = strings.Trim(string(raw), `"`)
		}
		return
	}
	for name, value := range object {
		flatten(out, strings.TrimPrefix(path+"."+name, "."), value)
	}
}

// Clock shows a moment in the person's own time.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
