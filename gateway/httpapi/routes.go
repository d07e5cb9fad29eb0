package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// access says who may call a route.
type access uint8

const (
	public access = iota
	bearer
	ticket // a ticket or a bearer; the handler checks
)

// route is one entry of the table. Paths are written as in the OpenAPI
// document, which is tested against this table.
type route struct {
	method  string
	path    string
	access  access
	limits  []ratelimit.Action
	anyType bool // the body's media type does not matter
	long    bool // it has deadlines of its own
	probe   bool // asked by load balancers and supervisors, all the time
	waits   bool // with ?wait it waits like a stream, and is not counted
	keyed   bool // an Idempotency-Key that was used before is answered past the limits
	handle  handler
}

func (s *Server) table() []route {
	post := []ratelimit.Action{ratelimit.Post}
	const get, del = http.MethodGet, http.MethodDelete
	return []route{
		{method: http.MethodPost, path: "/sessions", handle: s.createSession}, // counts by itself
		{method: get, path: "/session", access: bearer, handle: s.showSession},
		{method: del, path: "/session", access: bearer, long: true, handle: noFields(s.eraseSession)},
		{method: http.MethodPost, path: "/session/link", access: bearer, limits: post, handle: noFields(s.linkSession)},

		{method: http.MethodPost, path: "/uploads", access: bearer, limits: post, handle: s.createUpload},
		{method: get, path: "/uploads/{uploadId}", access: bearer, handle: with((*call).uploadID, s.showUpload)},
		{method: del, path: "/uploads/{uploadId}", access: bearer, handle: noFields(with((*call).uploadID, s.deleteUpload))},
		{method: http.MethodPost, path: "/uploads/{uploadId}/complete", access: bearer, limits: post, long: true, handle: noFields(with((*call).uploadID, s.completeUpload))},

		{method: http.MethodPost, path: tus.Path, access: bearer, limits: post, long: true, anyType: true, handle: s.resumeUpload},
		{method: http.MethodHead, path: tus.Path + "/{location}", long: true, handle: s.resumeUpload},
		{method: http.MethodPatch, path: tus.Path + "/{location}", long: true, anyType: true, handle: s.resumeUpload},
		{method: http.MethodPost, path: tus.Path + "/{location}", long: true, anyType: true, handle: s.resumeUpload},
		{method: del, path: tus.Path + "/{location}", handle: s.resumeUpload},

		{method: get, path: "/catalog", handle: s.showCatalog},
		{method: get, path: "/previews/{kind}/{id}", handle: s.showPreview},

		{method: http.MethodPost, path: "/tasks", access: bearer, limits: post, keyed: true, handle: s.createTask},
		{method: get, path: "/tasks", access: bearer, handle: s.listTasks},
		{method: get, path: "/tasks/{taskId}", access: bearer, long: true, waits: true, handle: with((*call).taskID, s.showTask)},
		{method: del, path: "/tasks/{taskId}", access: bearer, handle: noFields(with((*call).taskID, s.deleteTask))},
		{method: http.MethodPost, path: "/tasks/{taskId}/cancel", access: bearer, limits: post, handle: noFields(with((*call).taskID, s.cancelTask))},
		{method: http.MethodPost, path: "/tasks/{taskId}/regenerate", access: bearer, limits: post, keyed: true, handle: with((*call).taskID, s.regenerateTask)},
		{method: http.MethodPost, path: "/tasks/{taskId}/feedback", access: bearer, limits: post, handle: with((*call).taskID, s.rateTask)},
		{method: get, path: "/tasks/{taskId}/stream", access: ticket, long: true, handle: s.streamTask},
		{method: get, path: "/tasks/{taskId}/ws", access: ticket, long: true, handle: s.socketTask},

		{method: get, path: "/files/{key}", long: true, handle: s.getFile},
		{method: http.MethodHead, path: "/files/{key}", long: true, handle: s.getFile},
		{method: http.MethodPut, path: "/files/{key}", long: true, anyType: true, handle: s.putFile},

		{method: http.MethodPost, path: "/client-errors", limits: []ratelimit.Action{ratelimit.ClientError}, anyType: true, handle: s.reportClientError},
		{method: get, path: "/livez", probe: true, handle: s.live},
		{method: get, path: "/readyz", probe: true, handle: s.ready},
		{method: get, path: "/version", handle: s.version},
		{method: get, path: "/openapi.json", handle: s.showOpenAPI},

		{method: get, path: "/", handle: s.page("index.html")},
		{method: get, path: "/privacy", handle: s.page("privacy.html")},
		{method: get, path: "/terms", handle: s.page("terms.html")},
		{method: get, path: "/assets/{name}", handle: s.asset},
	}
}

// register hands the table to the HTTP library. Every GET that ends also
// answers HEAD.
func (s *Server) register() {
	for i := range s.routes {
		r := &s.routes[i]
		path := libraryPath(r.path)
		s.engine.Handle(r.method, path, s.serve(r))
		if r.answersHead() {
			s.engine.Handle(http.MethodHead, path, s.serve(r))
		}
	}
	s.engine.NoRoute(s.serve(&route{method: "*", path: "(none)", handle: s.noRoute}))
	s.engine.NoMethod(s.serve(&route{method: "*", path: "(none)", handle: s.wrongMethod}))
}

// answersHead says whether HEAD comes with the route. A stream has no head
// that is worth asking for, and files have a route of their own.
func (r *route) answersHead() bool {
	return r.method == http.MethodGet && r.access != ticket && r.path != "/files/{key}"
}

// libraryPath writes /a/{b} as /a/:b, and an object key, which holds slashes,
// as a wildcard.
func libraryPath(path string) string {
	path = strings.ReplaceAll(path, "{key}", "*key")
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// owned are the paths under which everything belongs to a session. Without a
// good token the answer does not say which routes and methods exist there.
func owned(path string) bool {
	for _, root := range []string{"/session", "/uploads", "/tasks"} {
		if rest, ok := strings.CutPrefix(path, root); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

func nothingHere(context.Context, *call) error { return fault.New(fault.NothingHere) }

// noRoute answers for every path that no route has.
func (s *Server) noRoute(ctx context.Context, c *call) error {
	if owned(c.path()) {
		if err := c.authenticate(ctx); err != nil {
			return err
		}
	}
	return nothingHere(ctx, c)
}

// wrongMethod answers 405, naming the methods there are.
func (s *Server) wrongMethod(ctx context.Context, c *call) error {
	path := c.path()
	if owned(path) {
		if err := c.authenticate(ctx); err != nil {
			return err
		}
	}
	var allow []string
	for i := range s.routes {
		r := &s.routes[i]
		if !samePath(r.path, path) {
			continue
		}
		allow = append(allow, r.method)
		if r.answersHead() {
			allow = append(allow, http.MethodHead)
		}
	}
	c.set("Allow", strings.Join(append(allow, http.MethodOptions), ", "))
	return fault.New(fault.MethodNotAllowed)
}

func samePath(pattern, path string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "{key}"); ok {
		return strings.HasPrefix(path, prefix)
	}
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !strings.HasPrefix(p[i], "{") {
			return false
		}
	}
	return true
}
