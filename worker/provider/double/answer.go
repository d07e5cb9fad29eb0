package double

import (
	"bytes"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// answer sends a reply, broken the way the dice want.
func (c *Call) answer(w http.ResponseWriter, r Reply) {
	body, err := json.Marshal(r.Doc)
	if err != nil {
		panic(err) // a double's own document
	}
	switch c.fault {
	case Hang:
		<-c.Context().Done()
		return
	case Reset:
		reset(w)
		return
	case SlowHeaders:
		c.wait()
	case Malformed:
		body = append([]byte("<html>"), body[:len(body)/2]...)
	}
	maps.Copy(w.Header(), r.Header)
	w.Header().Set("Content-Type", "application/json")
	if c.fault != Oversized {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(r.Status)
	c.write(w, body)
}

func (c *Call) write(w http.ResponseWriter, body []byte) {
	switch c.fault {
	case Truncated:
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler) // the server's word for cutting the connection
	case SlowBody:
		_, _ = w.Write(body[:1])
		_ = http.NewResponseController(w).Flush()
		c.wait()
		_, _ = w.Write(body[1:])
	case Oversized:
		spaces := bytes.Repeat([]byte(" "), 64<<10)
		for range 256 << 20 / len(spaces) {
			if _, err := w.Write(spaces); err != nil {
				return
			}
		}
	default:
		_, _ = w.Write(body)
	}
}

func (c *Call) wait() { tick.Wait(c.Context(), c.slow) }

// reset breaks the connection so that the other side sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
