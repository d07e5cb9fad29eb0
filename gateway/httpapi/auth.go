package httpapi

import (
	"context"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// token reads the bearer token, "" when there is none.
func (c *call) token() string {
	scheme, token, ok := strings.Cut(c.header("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (c *call) authenticate(ctx context.Context) error {
	token := c.token()
	if token == "" {
		return fault.New(fault.TokenMissing)
	}
	who, err := c.s.deps.Sessions.Verify(ctx, token)
	if err != nil {
		return err
	}
	c.owner, c.who = who.ID, who
	c.conn.Know()
	return nil
}

// readable returns the task of a stream's path when the caller may read it. The
// right is checked before the path.
func (c *call) readable(ctx context.Context) (task.ID, error) {
	if err := c.authorizeStream(ctx, task.ID(c.param("taskId"))); err != nil {
		return "", err
	}
	return c.taskID()
}

// authorizeStream lets a reader of one task in: by ticket, because an
// EventSource cannot send headers, or by bearer.
func (c *call) authorizeStream(ctx context.Context, id task.ID) error {
	ticket := c.query("ticket")
	if ticket == "" {
		return c.authenticate(ctx)
	}
	owner, err := c.s.deps.Sessions.VerifyTicket(ctx, ticket, id)
	if err != nil {
		return err
	}
	c.owner = owner
	c.conn.Know()
	return nil
}
