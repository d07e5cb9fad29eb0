package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestARequestIsWhatAServerReads(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	bodies := make(chan []byte, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- r
		bodies <- body
		accept(w)
	}))
	defer s.Close()
	runPost(t, s, func(p *Post) { p.Count, p.Keys = 1, true })
	r, body := <-seen, <-bodies
	if r.Method != http.MethodPost || r.URL.Path != "/tasks" || r.Header.Get("Authorization") != "Bearer secret" {
		t.Errorf("request = %s %s %v", r.Method, r.URL, r.Header)
	}
	if key := r.Header.Get("Idempotency-Key"); key != "bench-1000000001" {
		t.Errorf("key = %q", key)
	}
	var got struct {
		UploadID, Style, Place string
		Options                task.Options
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Style != "ink" || got.Options.Seed == nil || *got.Options.Seed != 1_000_000_001 {
		t.Errorf("body = %s (%v)", body, err)
	}
}

func TestOnlyARealAcceptanceCounts(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"an error":    func(w http.ResponseWriter, _ *http.Request) { problem(w, 503, "queue_full") },
		"no task":     func(w http.ResponseWriter, _ *http.Request) { document(w, 202, "{}") },
		"no location": func(w http.ResponseWriter, _ *http.Request) { document(w, 202, `{"taskId":"`+task.NewID()+`"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(answer)
			defer s.Close()
			r := runPost(t, s, func(p *Post) { p.Count = 3 })
			refused := 0
			for _, n := range r.Refused {
				refused += n
			}
			if r.Done != 0 || refused != 3 {
				t.Errorf("done = %d, refused = %v", r.Done, r.Refused)
			}
		})
	}
}

func TestACountIsExactAndTasksAreGivenBack(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { accept(w) }))
	defer s.Close()
	r := runPost(t, s, func(p *Post) { p.Conns, p.Count, p.Keep = 4, 100, true })
	if r.Done != 100 || r.Times.N != 100 || len(r.Tasks) != 100 || r.Tasks[0].CreatedAt.IsZero() {
		t.Errorf("done = %d, tasks = %d", r.Done, len(r.Tasks))
	}
}

func TestARateIsKept(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { accept(w) }))
	defer s.Close()
	r := runPost(t, s, func(p *Post) { p.Rate, p.For = 200, 300*time.Millisecond })
	if r.Done < 55 || r.Done > 60 {
		t.Errorf("%d requests in 300 ms at 200/s, want 60", r.Done)
	}
}

func TestAnEventEndsAtItsEmptyLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	wire := "retry: 1000\n\n: hello\n\n12\r\nid: 7\nevent: progress\ndata: " + long + "\n\n\r\nid: 8\ndata: {}\n\n"
	s := &stream{lines: newReader(strings.NewReader(wire)).r}
	for _, want := range []uint64{7, 8} {
		if got, err := s.event(); err != nil || got != want {
			t.Errorf("event %d, %v; want %d", got, err, want)
		}
	}
	if _, err := s.event(); !errors.Is(err, io.EOF) {
		t.Errorf("err = %v, want EOF", err)
	}
}

func TestALoadProcessWaitsForTheWord(t *testing.T) {
	t.Parallel()
	job, _ := json.Marshal(Job{Publish: &Publish{Dir: t.TempDir(), Interval: time.Minute, Producers: 2, For: 50 * time.Millisecond, Data: []byte("x")}})
	var out bytes.Buffer
	if err := Serve(t.Context(), strings.NewReader(string(job)+"\ngo\n"), &out); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	var r Result
	if err := json.Unmarshal([]byte(answers[len(answers)-1]), &r); err != nil || len(answers) != 2 || r.Done == 0 || r.Failure != "" {
		t.Errorf("answers = %s", out.String())
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nLocation: /x\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 999\r\n\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := newReader(bytes.NewReader(wire))
		for {
			a, err := r.next()
			if err != nil {
				return
			}
			if len(a.body) > len(wire) {
				t.Fatalf("a body of %d bytes from %d", len(a.body), len(wire))
			}
			_, _ = field(a.body, "taskId")
		}
	})
}

func runPost(t *testing.T, s *httptest.Server, edit func(*Post)) Result {
	t.Helper()
	p := Post{Addr: s.Listener.Addr().String(), Conns: 1, Style: "ink", Place: "bund", Seed: minSeed}
	edit(&p)
	for range p.Conns {
		p.Owners = append(p.Owners, Owner{Token: "secret", Upload: "photo"})
	}
	w := newPoster(p)
	defer w.close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.prepare(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := w.run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Location", "/tasks/x")
	document(w, http.StatusAccepted, fmt.Sprintf(`{"taskId":%q,"createdAt":%q}`, task.NewID(), time.Now().UTC().Format(time.RFC3339Nano)))
}

func problem(w http.ResponseWriter, status int, code string) {
	document(w, status, `{"code":"`+code+`"}`)
}

func document(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
