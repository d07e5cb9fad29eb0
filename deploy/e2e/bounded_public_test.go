package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
)

// publicRows are the routes of the public description.
func (b *bounded) publicRows(t *testing.T) map[string]row {
	t.Helper()
	asset := b.asset(t)
	still := func(path string) row {
		return row{right: []int{http.StatusOK}, always: true, ask: func(*testing.T, *bounded) question { return b.public(http.MethodGet, path, "") }}
	}
	all := map[string]row{
		"GET /": still("/"), "GET /privacy": still("/privacy"), "GET /terms": still("/terms"), "GET /assets/{name}": still(asset),
		"GET /catalog": still("/catalog"), "GET /previews/{kind}/{id}": still("/previews/styles/" + styleID),
		"GET /livez": still("/livez"), "GET /version": still("/version"), "GET /openapi.json": still("/openapi.json"),
		"GET /readyz": {right: []int{http.StatusOK}, bare: true, ask: func(_ *testing.T, b *bounded) question { return b.public(http.MethodGet, "/readyz?verbose", "") }},
		"POST /client-errors": {right: []int{http.StatusAccepted}, always: true, ask: func(_ *testing.T, b *bounded) question {
			return b.public(http.MethodPost, "/client-errors", `{"message":"it broke"}`)
		}},
	}
	for _, more := range []map[string]row{b.sessionRows(), b.uploadRows(), b.taskRows(), b.fileRows()} {
		for name, r := range more {
			all[name] = r
		}
	}
	return all
}

func (b *bounded) newcomer(t *testing.T) *client.Session {
	t.Helper()
	return b.site.session(t)
}

// ours is a request of the person who has a picture.
func (b *bounded) ours(method, path, body string) func(*testing.T, *bounded) question {
	return func(_ *testing.T, b *bounded) question {
		return b.public(method, path, body, bearerOf(b.person.Session)...)
	}
}

func (b *bounded) sessionRows() map[string]row {
	return map[string]row{
		"POST /sessions":     {right: []int{http.StatusCreated}, ask: func(_ *testing.T, b *bounded) question { return b.public(http.MethodPost, "/sessions", "") }},
		"GET /session":       {right: []int{http.StatusOK}, ask: b.ours(http.MethodGet, "/session", "")},
		"POST /session/link": {right: []int{http.StatusCreated}, ask: b.ours(http.MethodPost, "/session/link", "")},
		"DELETE /session": {right: []int{http.StatusOK, http.StatusUnauthorized}, ask: func(t *testing.T, b *bounded) question { // when it is done already
			return b.public(http.MethodDelete, "/session", "", bearerOf(b.newcomer(t))...)
		}},
	}
}

func (b *bounded) uploadRows() map[string]row {
	at := func(method, path string, ready bool) func(t *testing.T, b *bounded) question {
		return func(t *testing.T, b *bounded) question {
			s := b.newcomer(t)
			up, err := s.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(len(b.person.photo)), Consent: true})
			if err == nil && ready {
				err = b.person.api.Put(t.Context(), up, b.person.photo)
			}
			if err != nil {
				t.Fatal(err)
			}
			return b.public(method, strings.Replace(path, "ID", string(up.UploadID), 1), "", bearerOf(s)...)
		}
	}
	all := map[string]row{
		"POST /uploads":              {right: []int{http.StatusCreated}, ask: b.ours(http.MethodPost, "/uploads", `{"contentType":"image/jpeg","size":1000,"consent":true}`)},
		"GET /uploads/{uploadId}":    {right: []int{http.StatusOK}, ask: at(http.MethodGet, "/uploads/ID", false)},
		"DELETE /uploads/{uploadId}": {right: []int{http.StatusOK, http.StatusNotFound}, ask: at(http.MethodDelete, "/uploads/ID", true)},
		"POST /uploads/{uploadId}/complete": {
			right: []int{http.StatusOK}, within: judgedWithin, ask: at(http.MethodPost, "/uploads/ID/complete", true),
		},
	}
	for name, r := range b.resumableRows() {
		all[name] = r
	}
	return all
}

func (b *bounded) resumableRows() map[string]row {
	at := func(method string, override bool) func(t *testing.T, b *bounded) question {
		return func(t *testing.T, b *bounded) question {
			p := pieces{"http://" + b.http, b.person.photo}
			header := []string{"Tus-Resumable", "1.0.0"}
			a := b.public(method, p.create(t, b.newcomer(t), nil).Get("Location"), "")
			if method == http.MethodPatch || override {
				a.body = string(p.whole)
				header = append(header, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
			}
			if override {
				header = append(header, "X-Http-Method-Override", http.MethodPatch)
			}
			a.header = header
			return a
		}
	}
	done := []int{http.StatusNoContent, http.StatusConflict} // when the bytes have arrived already
	return map[string]row{
		"POST /uploads/tus": {right: []int{http.StatusCreated}, ask: func(_ *testing.T, b *bounded) question {
			return b.public(http.MethodPost, "/uploads/tus", "", append(bearerOf(b.person.Session), "Tus-Resumable", "1.0.0",
				"Upload-Length", strconv.Itoa(len(b.person.photo)), "Upload-Metadata", "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ==")...)
		}},
		"HEAD /uploads/tus/{location}":   {right: []int{http.StatusOK}, bare: true, ask: at(http.MethodHead, false)},
		"PATCH /uploads/tus/{location}":  {right: done, ask: at(http.MethodPatch, false)},
		"POST /uploads/tus/{location}":   {right: done, ask: at(http.MethodPost, true)},
		"DELETE /uploads/tus/{location}": {right: []int{http.StatusNoContent, http.StatusNotFound}, ask: at(http.MethodDelete, false)},
	}
}

func (b *bounded) taskRows() map[string]row {
	const wish = `{"style":"` + styleID + `","place":"` + placeID + `","uploadId":"`
	finished := func(method, path, body string) func(t *testing.T, b *bounded) question {
		return func(t *testing.T, b *bounded) question {
			return b.ours(method, "/tasks/"+string(b.finished.TaskID)+path, body)(t, b)
		}
	}
	fresh := func(method, path string) func(t *testing.T, b *bounded) question {
		return func(t *testing.T, b *bounded) question {
			return b.ours(method, "/tasks/"+string(b.task(t, b.person).TaskID)+path, "")(t, b)
		}
	}
	socket := func(t *testing.T, b *bounded) question {
		a := finished(http.MethodGet, "/ws", "")(t, b)
		a.header = append(a.header, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
		return a
	}
	return map[string]row{
		"POST /tasks": {right: []int{http.StatusAccepted}, ask: func(t *testing.T, b *bounded) question {
			return b.ours(http.MethodPost, "/tasks", wish+string(b.person.upload.UploadID)+`"}`)(t, b)
		}},
		"GET /tasks":                      {right: []int{http.StatusOK}, ask: b.ours(http.MethodGet, "/tasks", "")},
		"GET /tasks/{taskId}":             {right: []int{http.StatusOK}, ask: finished(http.MethodGet, "?wait=20", "")},
		"DELETE /tasks/{taskId}":          {right: []int{http.StatusOK, http.StatusNotFound}, ask: fresh(http.MethodDelete, "")},
		"POST /tasks/{taskId}/cancel":     {right: []int{http.StatusAccepted, http.StatusConflict}, ask: fresh(http.MethodPost, "/cancel")},
		"POST /tasks/{taskId}/regenerate": {right: []int{http.StatusAccepted}, ask: finished(http.MethodPost, "/regenerate", "")},
		"POST /tasks/{taskId}/feedback":   {right: []int{http.StatusNoContent}, ask: finished(http.MethodPost, "/feedback", `{"rating":"like"}`)},
		"GET /tasks/{taskId}/stream":      {right: []int{http.StatusOK}, ask: finished(http.MethodGet, "/stream", "")},
		"GET /tasks/{taskId}/ws":          {right: []int{http.StatusSwitchingProtocols}, ask: socket},
	}
}

// fileRows are those of the gateway's own store. With a bucket it signs no such
// address, and refuses them.
func (b *bounded) fileRows() map[string]row {
	right := []int{http.StatusOK}
	if b.bucket {
		right = []int{http.StatusForbidden}
	}
	picture := func(method string) func(t *testing.T, b *bounded) question {
		return func(_ *testing.T, b *bounded) question {
			if b.bucket {
				return b.public(method, "/files/results/a/b.jpg", "")
			}
			return b.public(method, b.finished.Result.ImageURL, "")
		}
	}
	return map[string]row{
		"GET /files/{key}":  {right: right, ask: picture(http.MethodGet)},
		"HEAD /files/{key}": {right: right, bare: true, ask: picture(http.MethodHead)},
		"PUT /files/{key}": {right: append(right, http.StatusConflict), ask: func(t *testing.T, b *bounded) question {
			if b.bucket {
				return picture(http.MethodPut)(t, b)
			}
			small, err := photo.JPEG(3, 600, 400, photo.Rotated)
			if err != nil {
				t.Fatal(err)
			}
			up, err := b.newcomer(t).CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(len(small)), Consent: true})
			if err != nil {
				t.Fatal(err)
			}
			return b.public(http.MethodPut, up.UploadURL, string(small), "Content-Type", "image/jpeg")
		}},
	}
}
