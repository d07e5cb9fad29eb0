package httpapi

import (
	"io"
	"net"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/network"
	"github.com/hertz-contrib/websocket"
)

// exchange is one request and its answer, as far as we let handlers see the
// HTTP library.
type exchange struct{ rc *app.RequestContext }

// The request.

func (x exchange) method() string { return string(x.rc.Method()) }

func (x exchange) path() string { return string(x.rc.Path()) }

func (x exchange) host() string { return string(x.rc.Host()) }

// param is a part of the path, by its name in the route.
func (x exchange) param(name string) string { return x.rc.Param(name) }

// query returns a query parameter. A second one of the same name is ignored.
func (x exchange) query(name string) string { return string(x.rc.QueryArgs().Peek(name)) }

func (x exchange) queryString() string { return string(x.rc.URI().QueryString()) }

func (x exchange) header(name string) string { return string(x.rc.Request.Header.Peek(name)) }

// lines are all lines of a header.
func (x exchange) lines(name string) []string {
	all := x.rc.Request.Header.PeekAll(name)
	if len(all) == 0 {
		return nil
	}
	lines := make([]string, len(all))
	for i, line := range all {
		lines[i] = string(line)
	}
	return lines
}

func (x exchange) forwarded() forwarded {
	return forwarded{plain: x.lines("X-Forwarded-For"), standard: x.lines("Forwarded")}
}

func (x exchange) headerCount(name string) int { return len(x.rc.Request.Header.PeekAll(name)) }

// head is what the library read before it called us.
func (x exchange) head() (target string, raw []byte, http11 bool) {
	h := &x.rc.Request.Header
	return string(h.RequestURI()), h.RawHeaders(), h.IsHTTP11()
}

// content is the request's body as the library sees it: how long it is, and
// whether the client waits to be asked for it.
func (x exchange) content() (length int64, waiting bool) {
	return int64(x.rc.Request.Header.ContentLength()), x.rc.Request.MayContinue()
}

// rest reads what follows the head. Only the stream knows bytes that the
// library has read too far; a client that waits has sent none.
func (x exchange) rest(waiting bool) io.Reader {
	if waiting {
		return x.rc.GetConn()
	}
	return x.rc.RequestBodyStream()
}

// askForBody answers "100 Continue".
func (x exchange) askForBody() error {
	w := x.rc.GetWriter()
	if _, err := w.WriteBinary([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
		return err
	}
	return w.Flush()
}

func (x exchange) peer() net.Addr { return x.rc.RemoteAddr() }

// The answer.

func (x exchange) set(name, value string) { x.rc.Response.Header.Set(name, value) }

// vary names a header of the request that the answer depends on.
func (x exchange) vary(name string) { x.rc.Response.Header.Add("Vary", name) }

// answered is a header of the answer, nil when it is not set.
func (x exchange) answered(name string) []byte { return x.rc.Response.Header.Peek(name) }

func (x exchange) setStatus(status int) { x.rc.SetStatusCode(status) }

func (x exchange) status() int { return x.rc.Response.StatusCode() }

// size is the length of an answer that is not streamed.
func (x exchange) size() int { return len(x.rc.Response.BodyBytes()) }

// raw answers with bytes.
func (x exchange) raw(status int, contentType string, body []byte) {
	x.rc.SetStatusCode(status)
	x.rc.Response.Header.SetContentType(contentType)
	x.rc.Response.SetBodyRaw(body)
}

// empty answers without a body.
func (x exchange) empty(status int) error {
	x.rc.SetStatusCode(status)
	x.rc.Response.ResetBody()
	x.rc.Response.Header.SetNoDefaultContentType(true)
	return nil
}

// stream answers with a body that the library reads and closes.
func (x exchange) stream(contentType string, body io.ReadCloser, length int64) {
	x.rc.Response.Header.SetContentType(contentType)
	x.rc.Response.SetBodyStream(body, int(length))
}

// headOnly answers HEAD as if a body of that length followed.
func (x exchange) headOnly(contentType string, length int64) {
	x.rc.Response.Header.SetContentType(contentType)
	x.rc.Response.SkipBody = true
	x.rc.Response.Header.SetContentLength(int(length))
}

// takeBack drops the body and the headers of an answer that began.
func (x exchange) takeBack(headers ...string) {
	x.rc.Response.ResetBody()
	for _, name := range headers {
		x.rc.Response.Header.Del(name)
	}
}

// closeAfter ends the connection after this answer.
func (x exchange) closeAfter() { x.rc.SetConnectionClose() }

// leave makes the library let go of the connection without an answer.
func (x exchange) leave() {
	x.rc.Response.HijackWriter(silent{})
	x.rc.Hijack(func(network.Conn) {})
}

// silent replaces the library's response writer.
type silent struct{}

func (silent) Write(p []byte) (int, error) { return len(p), nil }
func (silent) Flush() error                { return nil }
func (silent) Finalize() error             { return nil }

// upgrade makes the connection a WebSocket, for as long as talk runs.
func (x exchange) upgrade(talk func(*websocket.Conn)) error {
	u := websocket.HertzUpgrader{
		ReadBufferSize: 512, WriteBufferSize: 2048,
		CheckOrigin: func(*app.RequestContext) bool { return true }, // the caller checked it
		Error:       func(*app.RequestContext, int, error) {},
	}
	return u.Upgrade(x.rc, talk)
}
