package dashscope

import (
	"net/http"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// document is every answer: of a submission, of a job and of a call.
type document struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Output    struct {
		TaskID  string `json:"task_id"`
		Status  string `json:"task_status"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Results []struct {
			URL     string `json:"url"`
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"results"`
		Choices []struct {
			Message struct {
				Content []struct {
					Image string `json:"image"`
				} `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	} `json:"output"`
}

// read decodes an answer. An error may come with any status.
func read(a vendorhttp.Answer) (document, error) {
	var doc document
	err := a.Decode(&doc)
	if a.Status != http.StatusOK || doc.Code != "" {
		return doc, refusal(a, doc.Code, doc.Message, doc.RequestID)
	}
	return doc, err
}

// result is the URL of the picture: jobs and calls have it in places of their
// own, and newer jobs where calls have it.
func (d document) result(a vendorhttp.Answer) (string, error) {
	for _, r := range d.Output.Results {
		if r.URL != "" {
			return r.URL, nil
		}
		if r.Code != "" {
			return "", refusal(a, r.Code, r.Message, d.RequestID)
		}
	}
	for _, c := range d.Output.Choices {
		for _, p := range c.Message.Content {
			if p.Image != "" {
				return p.Image, nil
			}
		}
	}
	return "", empty(d)
}

func empty(d document) *provider.Failure {
	return vendorhttp.About(vendorhttp.Empty("result"), d.RequestID, "")
}

func refusal(a vendorhttp.Answer, code, message, requestID string) *provider.Failure {
	f := a.Failure(class(code, a), code, message)
	f.RequestID = requestID
	return f
}

// class maps the vendor's codes; most name their family and then the case.
func class(code string, a vendorhttp.Answer) task.Class {
	return a.ClassOf(code,
		vendorhttp.Codes{Class: task.ClassContent, List: "DataInspectionFailed data_inspection_failed IPInfringementSuspect"},
		vendorhttp.Codes{Class: task.ClassQuota, List: "Arrearage AccessDenied.Unpurchased AllocationQuota.FreeTierOnly"},
		vendorhttp.Codes{Class: task.ClassTimeout, List: "RequestTimeOut InternalError.Timeout"},
		vendorhttp.Codes{Class: task.ClassAuth, List: "InvalidApiKey ModelNotFound Workspace.AccessDenied AccessDenied*"},
		vendorhttp.Codes{Class: task.ClassInput, List: "InvalidURL UnsupportedOperation InvalidParameter* BadRequest*"},
		vendorhttp.Codes{Class: task.ClassRate, List: "Throttling*"},
		vendorhttp.Codes{Class: task.ClassTransient, List: "InternalError*"},
	)
}
