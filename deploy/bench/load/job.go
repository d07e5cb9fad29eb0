package load

import (
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Job is what one load process does. Exactly one field is set.
type Job struct {
	Post    *Post    `json:"post,omitempty"`
	Streams *Streams `json:"streams,omitempty"`
	Publish *Publish `json:"publish,omitempty"`
	Upload  *Upload  `json:"upload,omitempty"`
	Sink    *Sink    `json:"sink,omitempty"`
}

// Owner is a session with a photo that is ready.
type Owner struct {
	Session task.SessionID `json:"session"`
	Token   string         `json:"token"`
	Upload  task.UploadID  `json:"upload"`
}

// Post sends POST /tasks over keep-alive connections: for a time or a number
// of requests, as fast as answers come or at a rate.
type Post struct {
	Addr   string        `json:"addr"`
	Owners []Owner       `json:"owners"` // each belongs to one connection
	Conns  int           `json:"conns"`
	For    time.Duration `json:"for,omitempty"`
	Count  int           `json:"count,omitempty"`
	Rate   float64       `json:"rate,omitempty"` // per second over all connections; 0: no pause
	Keys   bool          `json:"keys,omitempty"` // send an Idempotency-Key
	Style  string        `json:"style"`
	Place  string        `json:"place"`
	Seed   int64         `json:"seed"`           // of the first request; it counts up, so that none is answered from the cache
	Keep   bool          `json:"keep,omitempty"` // give the accepted tasks back
}

// Watched is one task with somebody to watch it.
type Watched struct {
	Session task.SessionID `json:"session"`
	Task    task.ID        `json:"task"`
	Token   string         `json:"token"`
}

// Streams opens an event stream for every task, and then writes revisions of
// these tasks through the queue and reads what comes out of the streams.
type Streams struct {
	Addr    string        `json:"addr"`
	Engine  string        `json:"engine"` // URL
	Secret  string        `json:"secret"` // of the engine
	Watched []Watched     `json:"watched"`
	Rate    float64       `json:"rate"` // revisions a second over all tasks
	For     time.Duration `json:"for"`
	Writers int           `json:"writers"`
}

// Publish is the yardstick: bytes published to a work queue like ours, with a
// message id, by producers in the process that embeds the engine.
type Publish struct {
	Dir       string        `json:"dir"`
	Always    bool          `json:"always"` // fsync before every acknowledgement
	Interval  time.Duration `json:"interval"`
	Producers int           `json:"producers"`
	For       time.Duration `json:"for"`
	Data      []byte        `json:"data"`
}

// Upload sends photos over keep-alive connections: by PUT to given paths, or
// by tus, which is a creation and then a PATCH.
type Upload struct {
	Addr  string   `json:"addr"`
	Conns int      `json:"conns"`
	Bytes int      `json:"bytes"` // of each photo
	Paths []string `json:"paths,omitempty"`
	Tus   string   `json:"tus,omitempty"` // where uploads are created
	Token string   `json:"token,omitempty"`
	Count int      `json:"count,omitempty"` // of uploads by tus
}

// Sink is a server to compare with: what net/http alone takes to put bodies
// into files, or tusd alone. It serves until the process is closed.
type Sink struct {
	Dir  string `json:"dir"`
	Sync bool   `json:"sync"` // fsync a file before its answer
	Tusd bool   `json:"tusd"`
}

// Accepted is a task that a 202 promised.
type Accepted struct {
	Task      task.ID   `json:"task"`
	CreatedAt time.Time `json:"createdAt"`
}

// Result is what a load process saw.
type Result struct {
	Started time.Time      `json:"started"`
	Seconds float64        `json:"seconds"`
	Done    int            `json:"done"`              // good answers, acknowledgements or events
	Missing int            `json:"missing,omitempty"` // events that never came
	Refused map[string]int `json:"refused,omitempty"` // other answers, by status
	Times   stat.Times     `json:"times"`
	Tasks   []Accepted     `json:"tasks,omitempty"`
	CPU     float64        `json:"cpu"`            // seconds that this process used, preparation included
	Addr    string         `json:"addr,omitempty"` // of a sink that is ready
	Failure string         `json:"failure,omitempty"`
}

// PerSecond is the rate of what was done.
func (r Result) PerSecond() float64 {
	if r.Seconds == 0 {
		return 0
	}
	return float64(r.Done) / r.Seconds
}
