package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type sessionGetOptions struct {
	showOptions
	id task.SessionID
}

func newSessionGet(a *App) *cobra.Command {
	o := &sessionGetOptions{showOptions: showOptions{app: a}}
	cmd := &cobra.Command{
		Use: "get SESSION", Short: "Show a session's quota and tasks", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = task.SessionID(args[0])
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *sessionGetOptions) run(ctx context.Context) error {
	return o.show(ctx, func(ctx context.Context, c *operator.Client) (terminal.View, error) {
		s, err := c.Session(ctx, o.id)
		v := quotaView(s.Quota)
		v.Doc = s
		tasks := terminal.Table{Columns: []terminal.Column{{Name: "task"}}}
		for _, id := range s.Tasks {
			tasks.Rows = append(tasks.Rows, []string{string(id)})
		}
		v.More = []terminal.Table{tasks}
		return v, err
	})
}
