package command

import (
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newQuota(a *App) *cobra.Command {
	return group("quota", "Limits for everybody, and quotas of single sessions",
		newQuotaGet(a), newQuotaSet(a), newQuotaReset(a), newQuotaGrant(a))
}

func limitsView(l operator.Limits) terminal.View {
	v := terminal.View{Doc: l, Table: terminal.Table{Columns: []terminal.Column{
		{Name: "limit"}, {Name: "value", Right: true}, {Name: "configured", Right: true}, {Name: "set by"},
	}}}
	for _, x := range l.Limits {
		by := "configuration"
		if x.Overridden {
			by = "operator"
		}
		v.Names = append(v.Names, x.Key)
		v.Table.Rows = append(v.Table.Rows, []string{x.Key, limitText(x.Key, x.Value), limitText(x.Key, x.Configured), by})
	}
	return v
}

func quotaView(q operator.Quota) terminal.View {
	return terminal.View{Doc: q, Names: []string{string(q.Session)}, Table: terminal.Table{
		Columns: []terminal.Column{{Name: "session"}, {Name: "used", Right: true}, {Name: "daily", Right: true}, {Name: "active", Right: true}, {Name: "at most", Right: true}, {Name: "resets"}},
		Rows: [][]string{{
			string(q.Session), strconv.FormatInt(q.Used, 10), limitText("", q.Daily),
			strconv.FormatInt(q.Active, 10), limitText("", q.ActiveLimit), clock(q.ResetsAt),
		}},
	}}
}
