package report

import (
	"html/template"
	"io"
)

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body{font:14px/1.45 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}.missed{color:#b00020;font-weight:600}.met{color:#00703c}
svg{width:100%;height:auto;font:11px system-ui,sans-serif}.grid{stroke:#ddd}h2{margin-top:2rem}small{color:#666}
</style>
<h1>{{.Title}}</h1>
<p>{{.At.Format "2006-01-02 15:04 MST"}} · {{.Version}} · {{.Machine}}</p>
{{range .Sections}}<h2>{{.Name}}</h2>
<table><tr><th>figure<th>median<th>rounds<th>unit<th>goal<th></tr>
{{range .Rows}}<tr><td>{{.Name}}{{with .Note}}<br><small>{{.}}</small>{{end}}<td>{{.Median}}<td>{{.Rounds}}<td>{{.Unit}}<td>{{.Goal}}<td class="{{.Class}}">{{.Verdict}}</tr>
{{end}}</table>
{{range .Plots}}{{.}}
{{end}}{{end}}
<ul>{{range .Remarks}}<li>{{.}}{{end}}</ul>
</html>
`

type section struct {
	Name  string
	Rows  []line
	Plots []template.HTML
}

type line struct{ Name, Note, Median, Rounds, Unit, Goal, Verdict, Class string }

// HTML writes one page that needs nothing else.
func (r *Report) HTML(out io.Writer) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	var sections []section
	for _, g := range r.Groups() {
		sections = append(sections, r.section(g))
	}
	return t.Execute(out, struct {
		*Report
		Sections []section
		Remarks  []string
	}{r, sections, r.remarks()})
}

func (r *Report) section(group string) section {
	s := section{Name: group}
	var units []string
	byUnit := make(map[string][]Row)
	for _, row := range r.of(group) {
		class := "met"
		if !row.Met {
			class = "missed"
		}
		s.Rows = append(s.Rows, line{row.Name, row.Note, number(row.Median), spread(row.Rounds), row.Unit, row.Goal.String(), row.Verdict(), class})
		if len(row.Rounds) == 0 {
			continue
		}
		if len(byUnit[row.Unit]) == 0 {
			units = append(units, row.Unit)
		}
		byUnit[row.Unit] = append(byUnit[row.Unit], row)
	}
	for _, u := range units {
		s.Plots = append(s.Plots, template.HTML(dots(byUnit[u]))) //nolint:gosec // made here, its words escaped
	}
	var cs []Curve
	for _, c := range r.Curves {
		if c.Group == group {
			cs = append(cs, c)
		}
	}
	if len(cs) > 0 {
		s.Plots = append(s.Plots, template.HTML(curves(cs))) //nolint:gosec // made here, its words escaped
	}
	return s
}
