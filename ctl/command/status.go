package command

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newStatus(a *app.App) *cobra.Command {
	return a.Shows(&cobra.Command{Use: "status", Short: "Show the whole at a glance", Args: cobra.NoArgs},
		app.Of((*operator.Client).Status, app.Timed(statusView)))
}

func statusView(s operator.Status, now time.Time) terminal.View {
	ready := "yes"
	if !s.Ready {
		ready = "no: " + s.Trouble
	}
	rows := [][]string{
		{"ready", ready},
		{"checks", checksText(s.Checks)},
		{"gateway", fmt.Sprintf("%s (%s), up %s", s.Version, s.Environment, uptime(now.Sub(s.StartedAt)))},
		{"intake", intakeText(s.Intake)},
		{"tasks", fmt.Sprintf("%d queued, %d running, room for %d", s.Queued, s.Running, s.Capacity)},
		{"service time", fmt.Sprintf("%s median, %s for 90%%", seconds(s.P50Seconds), seconds(s.P90Seconds))},
	}
	for _, o := range s.Objectives {
		rows = append(rows, []string{"objective " + o.Name, objectiveText(o, time.Duration(s.WindowSeconds*float64(time.Second)))})
	}
	rows = append(rows, [][]string{
		{"workers", fmt.Sprintf("%d%s", s.Workers, counts(s.Regions))},
		{"dispatcher", dispatcherText(s)},
		{"switched off", cmp.Or(strings.Join(s.Disabled, ", "), "nothing")},
		{"state version", strconv.Itoa(s.Policy)},
		{"alarms", alarmsText(s.Alarms)},
	}...)
	return terminal.View{Doc: s, Names: []string{ready}, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "what"}, {Name: "how", Least: 20, Wrap: true}}, Rows: rows,
	}, More: []terminal.Table{alarmsTable(s.Alarms, now)}}
}

// alarmsTable has a row for each alarm, the worst first.
func alarmsTable(alarms []operator.Alarm, now time.Time) terminal.Table {
	t := terminal.Table{Columns: []terminal.Column{
		{Name: "alarm", Least: 12}, {Name: "severity"}, {Name: "for", Right: true}, {Name: "message", Least: 30, Wrap: true},
	}}
	for _, a := range sortedAlarms(alarms) {
		t.Rows = append(t.Rows, []string{a.Name, a.Severity, stood(now.Sub(a.Since)), a.Message})
	}
	return t
}

func sortedAlarms(alarms []operator.Alarm) []operator.Alarm {
	return slices.SortedStableFunc(slices.Values(alarms), func(a, b operator.Alarm) int { return cmp.Compare(worth(a), worth(b)) })
}

func worth(a operator.Alarm) int {
	if a.Severity == operator.AlarmCritical {
		return 0
	}
	return 1
}

// checksText names what a gateway works with, and what is wrong with it.
func checksText(checks []operator.Check) string {
	parts := make([]string, len(checks))
	for i, c := range checks {
		if parts[i] = c.Name + " ok"; !c.OK {
			parts[i] = c.Name + ": " + c.Detail
		}
	}
	return cmp.Or(strings.Join(parts, "; "), "none")
}

// alarmsText counts the alarms; the table below has them.
func alarmsText(alarms []operator.Alarm) string {
	critical := 0
	for _, a := range alarms {
		critical += 1 - worth(a)
	}
	switch {
	case len(alarms) == 0:
		return "none"
	case critical == 0:
		return strconv.Itoa(len(alarms))
	}
	return fmt.Sprintf("%d, %d critical", len(alarms), critical)
}

// objectiveText puts what people got beside what they are promised.
func objectiveText(o operator.Objective, window time.Duration) string {
	show := func(v float64) string { return strconv.FormatFloat(math.Round(1e4*v)/100, 'f', -1, 64) + " %" }
	what, bound := "tasks", "at least "
	switch o.Name {
	case operator.ObjectiveP95:
		show = seconds
		what, bound = "pictures", "at most "
	case operator.ObjectiveErrors:
		what, bound = "answers", "at most "
	}
	over := fmt.Sprintf("over the last %d minutes", int(window.Minutes()))
	if o.Measured == nil {
		return fmt.Sprintf("%s%s; no %s %s", bound, show(o.Objective), what, over)
	}
	text := fmt.Sprintf("%s%s; is %s of %d %s %s", bound, show(o.Objective), show(*o.Measured), o.Of, what, over)
	if o.Missed {
		text += ": missed"
	}
	return text
}

// stood counts in minutes, too, and is short.
func stood(d time.Duration) string {
	if d < time.Minute {
		return "<1m"
	}
	return age(d.Truncate(time.Minute))
}

// uptime counts in minutes, so that a watched status stands still.
func uptime(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return age(d.Truncate(time.Minute))
}

func intakeText(i operator.Intake) string {
	if !i.Paused {
		return "open"
	}
	text := "paused"
	if i.Until != nil {
		text += " until " + app.Clock(*i.Until)
	}
	if i.Reason != "" {
		text += ": " + i.Reason
	}
	return text
}

func dispatcherText(s operator.Status) string {
	if !s.Leader {
		return "on another gateway"
	}
	return "here" + counts(s.InFlight)
}

// counts writes a map as " (a 1, b 2)".
func counts(m map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if m[name] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", name, m[name]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
