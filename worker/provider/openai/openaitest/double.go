package openaitest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const life = time.Hour

// Double plays a server below /v1.
type Double struct {
	*double.Double
	key   string
	maas  bool // it names errors as Huawei Cloud does
	check func(c *double.Call, r *request)
}

// New makes a server like OpenAI's own or vLLM-Omni that takes one key.
func New(k double.Knobs, key string) *Double {
	d := &Double{key: key}
	d.Double = double.New(k, d.refuse)
	d.Below("/v1")
	d.Handle("POST /v1/images/edits", double.Submit, func(c *double.Call) double.Reply { return telling(c, d.edit(c)) })
	return d
}

// In makes a server that speaks a dialect, as the configuration names them;
// any other is like OpenAI's own.
func In(dialect string, k double.Knobs, key string) *Double {
	switch dialect {
	case "maas":
		return NewMaaS(k, key)
	case "siliconflow":
		return NewSiliconFlow(k, key)
	case "localai":
		return NewLocalAI(k, key)
	default:
		return New(k, key)
	}
}

// NewMaaS makes Huawei Cloud's: JSON, and base64 as a data URI.
func NewMaaS(k double.Knobs, key string) *Double {
	d := generations(k, key, func(c *double.Call) double.Reply {
		uri := "data:image/png;base64," + base64.StdEncoding.EncodeToString(c.Bytes(double.PNG, 1024, 1024))
		return double.Reply{Status: http.StatusOK, Doc: map[string]any{"created": time.Now().Unix(), "data": []any{map[string]any{"b64_json": uri}}}}
	})
	d.maas, d.check = true, checkMaaS
	return d
}

// NewSiliconFlow makes SiliconFlow's: JSON, and a URL in images.
func NewSiliconFlow(k double.Knobs, key string) *Double {
	d := generations(k, key, func(c *double.Call) double.Reply {
		images := []any{map[string]any{"url": c.Result(double.PNG, 1024, 1024, life)}}
		return double.Reply{
			Status: http.StatusOK, Header: http.Header{"X-Siliconcloud-Trace-Id": {"ti_double"}},
			Doc: map[string]any{"images": images, "data": images, "timings": map[string]any{"inference": 1.5}, "seed": 7},
		}
	})
	d.check = checkSiliconFlow
	return d
}

// NewLocalAI makes LocalAI's: JSON, and base64.
func NewLocalAI(k double.Knobs, key string) *Double {
	d := generations(k, key, answer)
	d.check = checkLocalAI
	return d
}

func generations(k double.Knobs, key string, answer func(*double.Call) double.Reply) *Double {
	d := &Double{key: key}
	d.Double = double.New(k, d.refuse)
	d.Below("/v1")
	d.Handle("POST /v1/images/generations", double.Submit, func(c *double.Call) double.Reply {
		if reply, ok := d.authorized(c); !ok {
			return reply
		}
		r := new(request)
		if err := json.Unmarshal(c.Body, &r.doc); err != nil || c.Header.Get("Content-Type") != "application/json" {
			c.Violation("the body is no JSON: %v", err)
		} else {
			d.check(c, r)
		}
		return d.work(c, answer)
	})
	return d
}

func (d *Double) authorized(c *double.Call) (double.Reply, bool) {
	if got := c.Header.Get("Authorization"); got != "Bearer "+d.key {
		c.Violation("wrong Authorization")
		return failure(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided: "+got), false
	}
	return double.Reply{}, true
}

func (d *Double) edit(c *double.Call) double.Reply {
	if reply, ok := d.authorized(c); !ok {
		return reply
	}
	checkEdit(c)
	return d.work(c, answer)
}

func (d *Double) work(c *double.Call, answer func(*double.Call) double.Reply) double.Reply {
	if c.Bad() {
		return failure(http.StatusBadRequest, "invalid_request_error", "a parameter is missing or invalid")
	}
	if reply, no := c.Refusal(); no {
		return reply
	}
	if reply, no := c.Work(); no {
		return reply
	}
	return answer(c)
}

// telling adds how many pictures may still be asked for.
func telling(c *double.Call, r double.Reply) double.Reply {
	if left, bounded := c.Left(); bounded {
		h := http.Header{"X-Ratelimit-Remaining-Images": {strconv.Itoa(left)}}
		maps.Copy(h, r.Header)
		r.Header = h
	}
	return r
}

func answer(c *double.Call) double.Reply {
	return double.Reply{Status: http.StatusOK, Header: http.Header{"X-Request-Id": {"req_double"}}, Doc: map[string]any{
		"created": time.Now().Unix(), "data": []any{map[string]any{"b64_json": base64.StdEncoding.EncodeToString(c.Bytes(double.JPEG, 1024, 1024))}},
	}}
}

// refuse says a class as the server documents it.
func (d *Double) refuse(c task.Class) double.Reply {
	said := refuse(c)
	if code, ok := map[task.Class]string{
		task.ClassContent: "ModelArts.81011", task.ClassInput: "ModelArts.81001", task.ClassAuth: "ModelArts.81003",
		task.ClassQuota: "ModelArts.81006", task.ClassRate: "ModelArts.81101", task.ClassTimeout: "APIG.0203",
	}[c]; ok && d.maas {
		said.Doc = map[string]any{"error_code": code, "error_msg": "as documented"}
		if c == task.ClassContent || c == task.ClassQuota {
			said.Status = http.StatusForbidden
		}
	}
	return said
}

func refuse(c task.Class) double.Reply {
	switch c {
	case task.ClassContent:
		return failure(http.StatusBadRequest, "moderation_blocked", "Your request was rejected by the safety system.")
	case task.ClassInput:
		return failure(http.StatusBadRequest, "invalid_image", "The image is invalid.")
	case task.ClassAuth:
		return failure(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided.")
	case task.ClassQuota:
		return failure(http.StatusTooManyRequests, "insufficient_quota", "You exceeded your current quota.")
	case task.ClassRate:
		r := failure(http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit reached.")
		r.Header = http.Header{"Retry-After": {"2"}}
		return r
	case task.ClassTimeout:
		return double.Reply{Status: http.StatusGatewayTimeout, Doc: "upstream request timeout"}
	default:
		return failure(http.StatusInternalServerError, "server_error", "The server had an error while processing your request.")
	}
}

func failure(status int, code, message string) double.Reply {
	return double.Reply{Status: status, Doc: map[string]any{"error": map[string]any{"code": code, "message": message, "param": nil, "type": "error"}}}
}
