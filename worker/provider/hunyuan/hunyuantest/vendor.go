package hunyuantest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const (
	service = "aiart"
	version = "2022-12-29"

	resultLife = time.Hour
)

// New makes a vendor that knows one key, "SecretId:SecretKey"; to TokenHub the
// same text is a bearer key.
func New(k double.Knobs, key string) *double.Double {
	d := double.New(k, refusal)
	v := &vendor{key: key}
	v.id, v.secret, _ = strings.Cut(key, ":")
	d.HandleBy("POST /{$}", stage, v.action)
	d.Handle("POST /v1/wand/hunyuan-image/v3-generation", double.Submit, v.generate)
	return d
}

type vendor struct{ key, id, secret string }

// stage tells the actions apart: all have the same path.
func stage(r *http.Request) double.Stage {
	if r.Header.Get("X-TC-Action") == "QueryTextToImageJob" {
		return double.Poll
	}
	return double.Submit
}

// action plays one action of Cloud API 3.0.
func (v *vendor) action(c *double.Call) double.Reply {
	if r := verify(c.Request, c.Body, v.id, v.secret, time.Now()); r != nil {
		return ill(c, r)
	}
	if got := c.Header.Get("X-TC-Version"); got != version {
		return ill(c, refuse("NoSuchVersion", "X-TC-Version is %q", got))
	}
	switch action := c.Header.Get("X-TC-Action"); action {
	case "SubmitTextToImageJob":
		return v.submit(c)
	case "QueryTextToImageJob":
		return v.query(c)
	default:
		return ill(c, refuse("InvalidAction", "there is no action %q", action))
	}
}

func (v *vendor) submit(c *double.Call) double.Reply {
	s, r := check(c.Body)
	if r != nil {
		return ill(c, r)
	}
	if reply, refused := c.Refusal(); refused {
		return reply
	}
	return answer(map[string]any{"JobId": c.Start("12xx", *s.Resolution).ID})
}

func (v *vendor) query(c *double.Call) double.Reply {
	var q struct {
		JobID string `json:"JobId"`
	}
	if err := json.Unmarshal(c.Body, &q); err != nil || q.JobID == "" {
		return ill(c, refuse("InvalidParameter", "JobId is missing"))
	}
	if reply, refused := c.PollRefusal(); refused {
		return reply
	}
	w, ok := c.Job(q.JobID)
	switch {
	case !ok: // it is a mistake of nobody: jobs are forgotten in time
		return answer(map[string]any{"Error": document{"FailedOperation.JobNotExist", "there is no such job"}})
	case w.Waits():
		return answer(status("1", "等待中"))
	case !w.Done():
		return answer(status("2", "处理中"))
	case w.Fails != "":
		doc := status("4", "处理失败")
		doc["JobErrorCode"], doc["JobErrorMsg"] = jobCode(w.Fails), "the double was told to"
		return answer(doc)
	}
	doc := status("5", "处理完成")
	width, height := sides(w.Doc.(string), ":")
	doc["ResultImage"] = []string{c.Result(double.JPEG, width, height, resultLife)}
	doc["ResultDetails"] = []string{"Success"}
	return answer(doc)
}

func status(code, message string) map[string]any {
	return map[string]any{
		"JobStatusCode": code, "JobStatusMsg": message, "JobErrorCode": "", "JobErrorMsg": "", "ResultImage": []string{},
		"ResultDetails": []string{}, "RevisedPrompt": []string{},
	}
}

type document struct {
	Code    string `json:"Code"`
	Message string `json:"Message"`
}

// requestID is the same in every answer: a double has no support desk.
const requestID = "35e1bb16-0f2c-4ccd-8b9b-simulated00"

// answer is how everything comes, also failures: status 200.
func answer(doc map[string]any) double.Reply {
	doc["RequestId"] = requestID
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{"Response": doc}}
}

func ill(c *double.Call, r *refused) double.Reply {
	c.Violation("%s: %s", r.Code, r.Message)
	return answer(map[string]any{"Error": document{r.Code, r.Message}})
}

// refusal says a class in Tencent's words.
func refusal(class task.Class) double.Reply {
	r := answer(map[string]any{"Error": document{code(class), "the double was told to"}})
	if class == task.ClassRate {
		r.Header = http.Header{"Retry-After": {"2"}}
	}
	return r
}

func code(class task.Class) string {
	switch class {
	case task.ClassContent:
		return "OperationDenied.TextIllegalDetected"
	case task.ClassInput:
		return "FailedOperation.ImageDecodeFailed"
	case task.ClassAuth:
		return "AuthFailure.UnauthorizedOperation"
	case task.ClassQuota:
		return "ResourceUnavailable.InArrears"
	case task.ClassRate:
		return "RequestLimitExceeded.JobNumExceed"
	case task.ClassTimeout:
		return "FailedOperation.RequestTimeout"
	default:
		return "InternalError"
	}
}

// jobCode is how a job says a class that it was accepted before.
func jobCode(class task.Class) string {
	switch class {
	case task.ClassContent:
		return "FailedOperation.GenerateImageFailed"
	case task.ClassTimeout:
		return "FailedOperation.EngineRequestTimeout"
	case task.ClassRate:
		return "FailedOperation.EngineServerLimitExceeded"
	case task.ClassTransient:
		return "FailedOperation.EngineServerError"
	default:
		return code(class)
	}
}

func sides(s, by string) (w, h int) {
	a, b, _ := strings.Cut(s, by)
	w, _ = strconv.Atoi(a)
	h, _ = strconv.Atoi(b)
	return w, h
}

// refused is an error in Tencent's words.
type refused struct {
	Code    string
	Message string
}

func refuse(code, format string, args ...any) *refused {
	return &refused{Code: code, Message: fmt.Sprintf(format, args...)}
}
