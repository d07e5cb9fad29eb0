package dashscopetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const life = 24 * time.Hour

// Double plays the vendor below /api/v1.
type Double struct {
	*double.Double
	key string
}

// New makes a double that takes one key.
func New(k double.Knobs, key string) *Double {
	d := &Double{Double: double.New(k, refuse), key: key}
	d.Below("/api/v1")
	d.Handle("POST /api/v1/services/aigc/image2image/image-synthesis", double.Submit, d.submit)
	d.Handle("POST /api/v1/services/aigc/multimodal-generation/generation", double.Submit, d.call)
	d.Handle("GET /api/v1/tasks/{id}", double.Poll, d.poll)
	d.Handle("POST /api/v1/tasks/{id}/cancel", double.Cancel, d.cancel)
	return d
}

// authorized is the vendor's first look at a call.
func (d *Double) authorized(c *double.Call) (double.Reply, bool) {
	if got := c.Header.Get("Authorization"); got != "Bearer "+d.key {
		c.Violation("wrong Authorization")
		return failure(http.StatusUnauthorized, "InvalidApiKey", "Invalid API-key provided: "+got), false
	}
	return double.Reply{}, true
}

func (d *Double) submit(c *double.Call) double.Reply {
	if reply, ok := d.authorized(c); !ok {
		return reply
	}
	if c.Header.Get("X-DashScope-Async") != "enable" {
		c.Violation("X-DashScope-Async is not enabled")
		return failure(http.StatusForbidden, "AccessDenied", "current user api does not support synchronous calls")
	}
	r, ok := read(c)
	if ok {
		r.checkJob(c)
	}
	if c.Bad() {
		return failure(http.StatusBadRequest, "InvalidParameter", "a parameter is missing or invalid")
	}
	if reply, no := c.Refusal(); no {
		return reply
	}
	w := c.Start("job-", r)
	return success(map[string]any{"task_id": w.ID, "task_status": "PENDING"})
}

func (d *Double) call(c *double.Call) double.Reply {
	if reply, ok := d.authorized(c); !ok {
		return reply
	}
	r, ok := read(c)
	if ok {
		r.checkCall(c)
	}
	if c.Bad() {
		return failure(http.StatusBadRequest, "InvalidParameter", "a parameter is missing or invalid")
	}
	if reply, no := c.Refusal(); no {
		return reply
	}
	if reply, no := c.Work(); no {
		return reply
	}
	content := []any{map[string]any{"image": c.Result(double.PNG, r.width, r.height, life)}}
	return success(map[string]any{"choices": []any{map[string]any{
		"finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": content},
	}}})
}

func (d *Double) poll(c *double.Call) double.Reply {
	if reply, ok := d.authorized(c); !ok {
		return reply
	}
	if reply, no := c.PollRefusal(); no {
		return reply
	}
	id := c.PathValue("id")
	w, ok := c.Job(id)
	switch {
	case !ok:
		return success(map[string]any{"task_id": id, "task_status": "UNKNOWN"})
	case w.Canceled():
		return success(map[string]any{"task_id": id, "task_status": "CANCELED"})
	case w.Waits():
		return success(map[string]any{"task_id": id, "task_status": "PENDING"})
	case !w.Done():
		return success(map[string]any{"task_id": id, "task_status": "RUNNING"})
	case w.Fails != "":
		said := refuse(w.Fails).Doc.(map[string]any)
		return success(map[string]any{"task_id": id, "task_status": "FAILED", "code": said["code"], "message": said["message"]})
	}
	r := w.Doc.(*request)
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{
		"request_id": requestID, "usage": map[string]any{"image_count": 1},
		"output": map[string]any{
			"task_id": id, "task_status": "SUCCEEDED", "task_metrics": map[string]any{"TOTAL": 1, "SUCCEEDED": 1, "FAILED": 0},
			"results": []any{map[string]any{"orig_prompt": r.Input.Prompt, "url": c.Result(double.PNG, r.width, r.height, life)}},
		},
	}}
}

// cancel is for jobs that wait.
func (d *Double) cancel(c *double.Call) double.Reply {
	if reply, ok := d.authorized(c); !ok {
		return reply
	}
	if len(c.Body) > 0 {
		c.Violation("a cancel has no body")
	}
	if reply, no := c.PollRefusal(); no {
		return reply
	}
	if !c.Cancel(c.PathValue("id")) {
		return failure(http.StatusBadRequest, "UnsupportedOperation", "Failed to cancel the task, please confirm if the task is in PENDING status.")
	}
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{"request_id": requestID}}
}

const requestID = "7574ee8f-38a3-4b1e-9280-11c33ab46e51"

func success(output map[string]any) double.Reply {
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{"request_id": requestID, "output": output}}
}

// refuse says a class as the vendor documents it.
func refuse(c task.Class) double.Reply {
	switch c {
	case task.ClassContent:
		return failure(http.StatusBadRequest, "DataInspectionFailed", "Output data may contain inappropriate content.")
	case task.ClassInput:
		return failure(http.StatusBadRequest, "InvalidParameter.DataInspection", "Unable to download the media resource.")
	case task.ClassAuth:
		return failure(http.StatusUnauthorized, "InvalidApiKey", "Invalid API-key provided.")
	case task.ClassQuota:
		return failure(http.StatusBadRequest, "Arrearage", "Access denied, please make sure your account is in good standing.")
	case task.ClassRate:
		r := failure(http.StatusTooManyRequests, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")
		r.Header = http.Header{"Retry-After": {"2"}}
		return r
	case task.ClassTimeout:
		return failure(http.StatusRequestTimeout, "RequestTimeOut", "Request timed out, please try again later.")
	default:
		return failure(http.StatusInternalServerError, "InternalError.Algo", "An internal error has occurred during execution.")
	}
}

func failure(status int, code, message string) double.Reply {
	return double.Reply{Status: status, Doc: map[string]any{"request_id": requestID, "code": code, "message": message}}
}

// read parses a body, and knows that fields nobody documents are mistakes.
func read(c *double.Call) (*request, bool) {
	if c.Header.Get("Content-Type") != "application/json" {
		c.Violation("Content-Type is %q", c.Header.Get("Content-Type"))
	}
	r := new(request)
	dec := json.NewDecoder(strings.NewReader(string(c.Body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		c.Violation("body: %v", err)
		return nil, false
	}
	return r, true
}

// area is a range of pictures' sizes.
type area struct {
	least, most         int // width × height
	sideLeast, sideMost int
	ratio               int
}

// size reads "W*H" within an area.
func (a area) size(s string) (width, height int, err error) {
	if _, err := fmt.Sscanf(s, "%d*%d", &width, &height); err != nil || fmt.Sprintf("%d*%d", width, height) != s {
		return 0, 0, fmt.Errorf("%q is no W*H", s)
	}
	short, long, all := min(width, height), max(width, height), width*height
	if short < 1 || all < a.least || a.most > 0 && all > a.most || short < a.sideLeast || a.sideMost > 0 && long > a.sideMost || long > a.ratio*short {
		return 0, 0, fmt.Errorf("%q is out of range", s)
	}
	return width, height, nil
}
