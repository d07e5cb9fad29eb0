package double

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// maxBody bounds a call; every vendor's own bound is below.
const maxBody = 48 << 20

// Reply is an answer in the vendor's words.
type Reply struct {
	Status int
	Header http.Header
	Doc    any // sent as JSON
}

// Books are the counts of a vendor. Tests compare the counts of the fleet with
// them.
type Books struct {
	Submissions int64    `json:"submissions"` // well-formed calls that ask for a picture
	Refused     int64    `json:"refused"`     // of these, by a fault in the vendor's words
	Billed      int64    `json:"billed"`      // pictures
	Canceled    int64    `json:"canceled"`    // jobs that were taken back before they were begun
	Polls       int64    `json:"polls"`
	Downloads   int64    `json:"downloads"`
	Violations  []string `json:"violations,omitempty"` // what was ill-formed, at most 100
}

const maxViolations = 100

// Submission is one call of Books.Submissions, as the vendor can name it.
type Submission struct {
	At      time.Time `json:"at"`
	Request string    `json:"request,omitempty"` // what its caller called it
	Job     string    `json:"job,omitempty"`     // the vendor's own name for the work
	Refused bool      `json:"refused,omitempty"`
}

// Double plays one vendor. It is an http.Handler.
type Double struct {
	refuse func(task.Class) Reply
	base   string
	mux    *http.ServeMux

	mu      sync.Mutex
	knobs   Knobs
	dice    *rand.Rand
	books   Books
	asked   []Submission
	left    int // of Knobs.Allow
	running int // synchronous work
	made    int // ids given
	jobs    map[string]*Work
	results map[string]result
	drawn   map[format][]byte
}

// New makes a double that refuses in the vendor's words: refuse gives the
// answer that means a class. Handle adds its routes.
func New(k Knobs, refuse func(task.Class) Reply) *Double {
	d := &Double{
		refuse: refuse, mux: http.NewServeMux(), jobs: map[string]*Work{}, results: map[string]result{}, drawn: map[format][]byte{},
	}
	d.Set(k)
	d.mux.HandleFunc("GET "+resultPath+"{id}", d.serve)
	return d
}

// Set changes how the vendor behaves from now on.
func (d *Double) Set(k Knobs) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.knobs, d.left = k, k.Allow
	seed := k.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	d.dice = rand.New(rand.NewPCG(seed, 0))
}

// Books is what the vendor counted until now.
func (d *Double) Books() Books {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.books
	for _, w := range d.jobs {
		if w.Fails == "" && w.Done() && !w.Canceled() {
			b.Billed++
		}
	}
	b.Violations = append([]string(nil), b.Violations...)
	return b
}

// Asked lists the submissions in the order in which they came.
func (d *Double) Asked() []Submission {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Submission(nil), d.asked...)
}

// Below says where the vendor's base URL ends, as "/api/v3".
func (d *Double) Below(base string) { d.base = base }

// Rooted takes calls at the root, too, so that a test does not need the base
// path.
func (d *Double) Rooted() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, route := d.mux.Handler(r); route == "" {
			r.URL.Path = d.base + r.URL.Path
		}
		d.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler.
func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, r) }

// Handle plays a route: play checks a call and answers it, and what breaks a
// connection happens to its answer.
func (d *Double) Handle(pattern string, at Stage, play func(*Call) Reply) {
	d.HandleBy(pattern, func(*http.Request) Stage { return at }, play)
}

// HandleBy is Handle for a route that several stages share.
func (d *Double) HandleBy(pattern string, stage func(*http.Request) Stage, play func(*Call) Reply) {
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		c, at := &Call{Request: r, Body: body, d: d}, stage(r)
		d.mu.Lock()
		c.fault, c.slow = d.knobs.draw(at, d.dice), d.knobs.Slow
		if at == Poll {
			d.books.Polls++
		}
		d.mu.Unlock()
		reply := play(c)
		if c.bad { // the vendor looks at a call before it can break
			c.fault = ""
		}
		c.answer(w, reply)
	})
}

// id gives a new name.
func (d *Double) id(prefix string) string {
	d.made++
	return prefix + strconv.Itoa(d.made)
}

// violate records what the vendor would not have taken.
func (d *Double) violate(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.books.Violations) < maxViolations {
		d.books.Violations = append(d.books.Violations, text)
	}
}

// Call is one request to the vendor.
type Call struct {
	*http.Request
	Body  []byte
	d     *Double
	fault Fault
	slow  time.Duration
	bad   bool
	asked int // its place among the submissions
}

// Violation records that a call is not as documented. The route answers with
// the vendor's own error.
func (c *Call) Violation(text string, args ...any) {
	c.bad = true
	c.d.violate(c.Method + " " + c.URL.Path + ": " + fmt.Sprintf(text, args...))
}

// Left is how many more calls the vendor takes, if that is bounded.
func (c *Call) Left() (n int, bounded bool) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	return max(0, c.d.left), c.d.knobs.Allow > 0
}

// Bad reports whether there was a violation.
func (c *Call) Bad() bool { return c.bad }
