package command

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type sessionEraseOptions struct {
	editOptions
	id task.SessionID
}

func newSessionErase(a *App) *cobra.Command {
	o := &sessionEraseOptions{editOptions: editOptions{app: a}}
	cmd := &cobra.Command{
		Use: "erase SESSION", Short: "Delete everything a session owns, for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = task.SessionID(args[0])
			return o.run(cmd.Context())
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *sessionEraseOptions) run(ctx context.Context) error {
	if err := o.confirm(fmt.Sprintf("Erase session %s and all its photos, pictures and tasks, for good?", o.id)); err != nil {
		return err
	}
	return o.app.call(ctx, func(ctx context.Context, c *operator.Client) error {
		r, err := c.EraseSession(ctx, o.id, o.edit())
		if err != nil {
			return err
		}
		if r.DryRun {
			o.app.talk("Dry run: nothing was erased. Uploads and objects are counted while erasing.")
		}
		return o.app.print(terminal.View{Doc: r, Names: []string{r.ReceiptID}, Table: terminal.Table{
			Columns: []terminal.Column{{Name: "receipt"}, {Name: "tasks", Right: true}, {Name: "uploads", Right: true}, {Name: "objects", Right: true}, {Name: "at"}},
			Rows:    [][]string{{or(r.ReceiptID, "–"), strconv.Itoa(r.Tasks), strconv.Itoa(r.Uploads), strconv.Itoa(r.Objects), clock(r.At)}},
		}})
	})
}
