package operator

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Task is a task as operators see it: with its attempts, without the photo
// and the words of its owner.
type Task struct {
	TaskID         task.ID        `json:"taskId"`
	Session        task.SessionID `json:"session"`
	RequestID      string         `json:"requestId,omitempty"` // of the request that made it; it stands in every log
	State          task.State     `json:"state"`
	Version        uint64         `json:"version"`
	Progress       int            `json:"progress"`
	Stage          string         `json:"stage"`
	Queue          *task.Position `json:"queue,omitempty"`
	CreatedAt      time.Time      `json:"createdAt"`
	StartedAt      *time.Time     `json:"startedAt,omitempty"`
	FinishedAt     *time.Time     `json:"finishedAt,omitempty"`
	Deadline       time.Time      `json:"deadline"`
	ExpiresAt      time.Time      `json:"expiresAt"`
	Style          string         `json:"style"`
	Place          string         `json:"place"`
	Upload         task.UploadID  `json:"uploadId"`
	Seed           int64          `json:"seed"`
	CatalogVersion int            `json:"catalogVersion"`
	Degraded       bool           `json:"degraded,omitempty"`
	Cached         bool           `json:"cached,omitempty"`
	Canceling      bool           `json:"canceling,omitempty"`
	Failure        *task.Failure  `json:"failure,omitempty"`
	Result         *task.Result   `json:"result,omitempty"`
	Attempts       []task.Attempt `json:"attempts"`
	Arm            *task.Arm      `json:"arm,omitempty"`
	Campaign       string         `json:"campaign,omitempty"`
	Timing         Timing         `json:"timing"`
	WaitsFor       *Wait          `json:"waitsFor,omitempty"` // while no call is in flight
}

// NewTask shows a record as it is now.
func NewTask(r *task.Record, now time.Time) Task {
	t := Task{
		TaskID: r.ID, Session: r.Session, RequestID: r.RequestID, State: r.State, Version: r.Version, Progress: r.Progress, Stage: r.Stage,
		Queue: r.Queue, CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
		Deadline: r.Deadline, ExpiresAt: r.ExpiresAt, Style: r.Style, Place: r.Place, Upload: r.Upload, Seed: r.Seed,
		CatalogVersion: r.CatalogVersion, Degraded: r.Degraded, Cached: r.Cached, Canceling: r.Canceling,
		Failure: r.Failure, Result: r.Result, Attempts: r.Attempts, Arm: r.Arm, Campaign: r.Campaign, Timing: TimingOf(r, now),
	}
	if t.Attempts == nil {
		t.Attempts = []task.Attempt{}
	}
	return t
}
