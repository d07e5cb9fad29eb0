package httpapi

import (
	"context"
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// call is one request on its way through a route.
type call struct {
	exchange
	s         *Server
	route     *route
	conn      *wire.Conn
	id        string // of the request
	client    netip.Addr
	language  string // "zh-CN" or "en"
	began     time.Time
	owner     session.ID       // "" on public routes
	who       session.Identity // by the token; not of a ticket
	body      *body
	reading   time.Duration // what reading the body took
	fetched   bool          // the body was read into the next two
	fields    *strictjson.Object
	fieldsErr error
	limited   error   // the answer of a keyed route, unless its key was used before
	task      task.ID // that was accepted
	code      string  // of the problem that was answered
	cause     error   // of that problem, for the log
	detached  bool    // the connection is no longer the library's
}

// taskID reads the task of the path. What cannot be an id is answered like an
// id that never was.
func (c *call) taskID() (task.ID, error) {
	id := c.param("taskId")
	if !task.ValidID(id) {
		return "", fault.New(fault.TaskNotFound)
	}
	return task.ID(id), nil
}

func (c *call) uploadID() (task.UploadID, error) {
	id := c.param("uploadId")
	if !task.ValidID(id) {
		return "", fault.New(fault.UploadNotFound)
	}
	return task.UploadID(id), nil
}

// handler answers one call. An error becomes a problem document.
type handler func(ctx context.Context, c *call) error

// with is for routes with an id in their path.
func with[ID any](read func(*call) (ID, error), h func(context.Context, *call, ID) error) handler {
	return func(ctx context.Context, c *call) error {
		id, err := read(c)
		if err != nil {
			return err
		}
		return h(ctx, c, id)
	}
}
