package command

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func newSession(a *app.App) *cobra.Command {
	get := a.Shows(&cobra.Command{Use: "get SESSION", Short: "Show a session's quota and tasks", Args: cobra.ExactArgs(1)},
		func(ctx context.Context, c *operator.Client, args []string) (terminal.View, error) {
			s, err := c.Session(ctx, task.SessionID(args[0]))
			v := quotaView(s.Quota)
			v.Doc = s
			tasks := terminal.Table{Columns: []terminal.Column{{Name: "task"}}}
			for _, id := range s.Tasks {
				tasks.Rows = append(tasks.Rows, []string{string(id)})
			}
			v.More = []terminal.Table{tasks}
			return v, err
		})
	erase := a.Acts(&cobra.Command{Use: "erase SESSION", Short: "Delete everything a session owns, for good", Args: cobra.ExactArgs(1)},
		func(args []string) string {
			return fmt.Sprintf("Erase session %s and all its photos, pictures and tasks, for good?", args[0])
		},
		func(ctx context.Context, c *operator.Client, args []string, e operator.Edit) (terminal.View, error) {
			r, err := c.EraseSession(ctx, task.SessionID(args[0]), e)
			if err == nil && r.DryRun {
				a.Talk("Dry run: nothing was erased. Uploads and objects are counted while erasing.")
			}
			return terminal.View{Doc: r, Names: []string{r.ReceiptID}, Table: terminal.Table{
				Columns: []terminal.Column{{Name: "receipt"}, {Name: "tasks", Right: true}, {Name: "uploads", Right: true}, {Name: "objects", Right: true}, {Name: "at"}},
				Rows:    [][]string{{cmp.Or(r.ReceiptID, "–"), strconv.Itoa(r.Tasks), strconv.Itoa(r.Uploads), strconv.Itoa(r.Objects), app.Clock(r.At)}},
			}}, err
		})
	return app.Group("session", "What one anonymous person has", get, erase)
}
