package httpapi

import (
	"context"
	"net/netip"
	"time"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// call is one request on its way through a route.
type call struct {
	*app.RequestContext
	s        *Server
	route    *route
	conn     *wire.Conn
	id       string // of the request
	client   netip.Addr
	language string // "zh-CN" or "en"
	began    time.Time
	owner    session.ID // "" on public routes
	until    time.Time  // when the owner's token ends
	body     *body
	limited  error  // the answer of a keyed route, unless its key was used before
	code     string // of the problem that was answered
	cause    error  // of that problem, for the log
	detached bool   // the connection is no longer the library's
}

func (c *call) header(name string) string { return string(c.Request.Header.Peek(name)) }

func (c *call) set(name, value string) { c.Response.Header.Set(name, value) }

// query returns a query parameter. A second one of the same name is not looked
// at.
func (c *call) query(name string) string { return string(c.QueryArgs().Peek(name)) }

// taskID reads the task of the path. What cannot be an id is answered like an
// id that never was.
func (c *call) taskID() (task.ID, error) {
	id := c.Param("taskId")
	if !task.ValidID(id) {
		return "", fault.New(fault.TaskNotFound)
	}
	return task.ID(id), nil
}

func (c *call) uploadID() (task.UploadID, error) {
	id := c.Param("uploadId")
	if !task.ValidID(id) {
		return "", fault.New(fault.UploadNotFound)
	}
	return task.UploadID(id), nil
}

// handler answers one call. An error becomes a problem document.
type handler func(ctx context.Context, c *call) error
