package hunyuan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const (
	service  = "aiart"
	version  = "2022-12-29"
	region   = "ap-guangzhou" // Tencent's, which has nothing to do with the fleet's
	language = "zh-CN"

	actionSubmit = "SubmitTextToImageJob"
	actionQuery  = "QueryTextToImageJob"
)

const (
	submitWithin = 60 * time.Second
	queryWithin  = 15 * time.Second // one that hangs is asked again
	pollEvery    = 2 * time.Second
	pollAtMost   = 15 * time.Second // when queries fail
)

// The states of a job, as Tencent numbers them.
const (
	jobWaiting = "1"
	jobRunning = "2"
	jobFailed  = "4"
	jobDone    = "5"
)

// submission says everything that Tencent would otherwise choose: LogoAdd and
// Revise are on by default, and Seed is ignored while Revise is on.
type submission struct {
	Prompt     string   `json:"Prompt"`
	Images     []string `json:"Images"` // base64
	Resolution string   `json:"Resolution"`
	Seed       int64    `json:"Seed"`
	LogoAdd    int      `json:"LogoAdd"`
	Revise     int      `json:"Revise"`
}

// query asks for a job, and is also the answer to a submission.
type query struct {
	JobID string `json:"JobId"`
}

// job is the answer to a query.
type job struct {
	Status    string   `json:"JobStatusCode"`
	ErrorCode string   `json:"JobErrorCode"`
	ErrorMsg  string   `json:"JobErrorMsg"`
	Images    []string `json:"ResultImage"`   // URLs, good for an hour
	Details   []string `json:"ResultDetails"` // "Success", one an item
}

// jobDriver speaks the job interface of Cloud API 3.0.
type jobDriver struct {
	name  string
	url   string
	host  string
	keys  credentials
	http  *vendorhttp.Client
	pause time.Duration // between queries
}

// Name implements provider.Driver.
func (d *jobDriver) Name() string { return d.name }

// Make implements provider.Driver: it submits a job unless there is one, and
// asks for it until it ends.
func (d *jobDriver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	pic := provider.Picture{VendorTask: r.VendorTask}
	if pic.VendorTask == "" {
		var err error
		if pic.VendorTask, pic.RequestID, err = d.submit(ctx, r); err != nil {
			return provider.Picture{}, err
		}
	}
	report(provider.Progress{VendorTask: pic.VendorTask})
	url, requestID, err := d.await(ctx, pic.VendorTask, report)
	if pic.RequestID == "" {
		pic.RequestID = requestID
	}
	if err == nil {
		pic.Data, err = d.http.Picture(ctx, url)
	}
	if err != nil {
		return provider.Picture{}, vendorhttp.About(err, pic.RequestID, pic.VendorTask)
	}
	return pic, nil
}

// submit asks for a picture and returns the job's id.
func (d *jobDriver) submit(ctx context.Context, r provider.Request) (id, requestID string, err error) {
	img, err := photo(ctx, r)
	if err != nil {
		return "", "", err
	}
	var made query
	requestID, err = d.call(ctx, actionSubmit, submitWithin, submission{
		Prompt: r.Text, Images: []string{img}, Resolution: cmp.Or(r.Size, squareJobs), Seed: r.Seed, LogoAdd: 0, Revise: 0,
	}, &made)
	if err == nil && made.JobID == "" {
		err = vendorhttp.About(vendorhttp.Empty("job"), requestID, "")
	}
	return made.JobID, requestID, err
}

// await polls a job until it ends. A poll that fails says nothing about the job,
// which is paid for, so polling goes on until the time is up.
func (d *jobDriver) await(ctx context.Context, id string, report func(provider.Progress)) (url, requestID string, err error) {
	pause, percent := d.pause, 0
	for tick.Wait(ctx, pause) {
		var j job
		requestID, err = d.call(ctx, actionQuery, queryWithin, query{id}, &j)
		if err != nil {
			f := provider.AsFailure(err)
			switch {
			case f.Class == task.ClassContent: // said of the job, not of the query
				return "", requestID, f
			case ctx.Err() != nil, final(f):
				return "", requestID, unresolved(f)
			}
			pause = min(2*pause, pollAtMost)
			continue
		}
		switch pause = d.pause; j.Status {
		case jobFailed, jobDone:
			url, err = j.result()
			return url, requestID, err
		case jobRunning:
			percent = min(max(percent+(95-percent)/8, 10), 90)
			report(provider.Progress{Percent: percent, VendorTask: id})
		}
	}
	return "", requestID, unresolved(provider.AsFailure(ctx.Err()))
}

// final reports whether asking again is pointless.
func final(f *provider.Failure) bool {
	switch f.Class {
	case task.ClassAuth, task.ClassInput, task.ClassQuota:
		return true
	default:
		return false
	}
}

// unresolved: there is a job, whatever happened to the question about it.
func unresolved(f *provider.Failure) *provider.Failure {
	g := *f
	g.Outcome = task.Unknown
	return &g
}

// result is the URL of a job that ended well. Tencent bills pictures that were
// made, so a job that ended badly cost nothing.
func (j job) result() (string, error) {
	said := vendorhttp.Answer{Status: http.StatusOK}
	switch {
	case j.Status == jobFailed:
		f := said.Failure(classOf(said, j.ErrorCode), cmp.Or(j.ErrorCode, "job_failed"), j.ErrorMsg)
		if f.Outcome == task.Unknown {
			f.Outcome = task.FailedUnbilled
		}
		return "", f
	case len(j.Images) == 0 || j.Images[0] == "":
		return "", unresolved(said.Failure(task.ClassTransient, "answer_empty", "no picture: "+strings.Join(j.Details, ", ")))
	default:
		return j.Images[0], nil
	}
}

// call signs and sends one action and reads its answer.
func (d *jobDriver) call(ctx context.Context, action string, within time.Duration, doc, into any) (requestID string, err error) {
	body, err := json.Marshal(doc)
	if err != nil {
		return "", provider.NotSent(task.ClassInput, fmt.Errorf("encode request: %w", err))
	}
	at := time.Now()
	a, err := d.http.Do(ctx, vendorhttp.Call{
		Method: http.MethodPost, URL: d.url, Body: body, Within: within, Header: http.Header{
			"Authorization":  {d.keys.sign(d.host, body, at)},
			"Content-Type":   {contentType},
			"X-Tc-Action":    {action},
			"X-Tc-Version":   {version},
			"X-Tc-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
			"X-Tc-Region":    {region},
			"X-Tc-Language":  {language},
		},
	})
	if err != nil {
		return "", err
	}
	return read(a, into)
}

// envelope is around every answer. Failures come with status 200.
type envelope struct {
	Error *struct {
		Code    string `json:"Code"`
		Message string `json:"Message"`
	} `json:"Error"`
	RequestID string `json:"RequestId"`
}

func read(a vendorhttp.Answer, into any) (requestID string, err error) {
	var outer struct {
		Response json.RawMessage `json:"Response"`
	}
	if err := a.Decode(&outer); err != nil || outer.Response == nil {
		if err == nil || a.Status != http.StatusOK { // it is not Tencent's API that speaks
			err = a.Failure(a.Class(), "", "no answer of the API")
		}
		return "", err
	}
	inner := a
	inner.Body = outer.Response
	var e envelope
	if err := inner.Decode(&e); err != nil {
		return "", err
	}
	if e.Error != nil {
		return e.RequestID, vendorhttp.About(a.Failure(classOf(a, e.Error.Code), e.Error.Code, e.Error.Message), e.RequestID, "")
	}
	return e.RequestID, inner.Decode(into)
}
