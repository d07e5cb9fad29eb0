package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// The providers. A lost call of alpha has an unknown outcome with the vendors
// and is resumed with the mock. For beta it is the other way round.
const (
	alpha = "alpha"
	beta  = "beta"
)

// vendors are the doubles that replace the mocks with -vendors. Alpha answers
// with the picture and names each submission by its attempt. Beta works by jobs
// with names of its own. They are never killed, so their counts are exact.
type vendors struct {
	process *rig.Process
	desk    rig.Desk
	list    []map[string]any // as the fleet asks them
}

const vendorPorts = 3

func planVendors(c Config, programs rig.Programs, dir string, ports []string) (v *vendors, err error) {
	knobs := func(times string, seed uint64) string {
		return fmt.Sprintf("%s&side=320&transient=0.05&seed=%d", times, seed)
	}
	asked := map[string]any{"weight": 50, "priceFen": priceFen, "timeout": "20s", "maxConcurrent": 16}
	config, list := rig.Simulated(ports[0], []rig.Vendor{
		{Name: alpha, Kind: "seedream", Listen: ports[1], Prefix: "/api/v3", Knobs: knobs("median=500ms&p95=1200ms", c.Seed), Asked: asked},
		{Name: beta, Kind: "dashscope", Listen: ports[2], Prefix: "/api/v1", Knobs: knobs("median=1s&p95=3s", c.Seed+1), Asked: asked},
	})
	v = &vendors{desk: rig.Desk(ports[0]), list: list}
	v.process, err = programs.Configured(dir, "vendors", rig.Worker, c.Environ, config, "-simulate")
	return v, err
}

// up starts them and waits until they answer.
func (v *vendors) up(ctx context.Context) error {
	if err := v.process.Start(); err != nil {
		return err
	}
	err := rig.Retry(ctx, time.Minute, 50*time.Millisecond, func(ctx context.Context) error {
		_, err := v.desk.Books(ctx)
		return err
	})
	if err != nil {
		err = fmt.Errorf("the vendors did not get ready, see %s: %w", v.process.LogPath(), err)
	}
	return err
}

// counted is what the vendors, or the mocks, counted in the whole run.
type counted struct {
	mu    sync.Mutex      // guards taken
	calls calls           // of alpha, by the names of their attempts
	jobs  map[string]call // of beta, by the vendor's names
	taken map[string]int  // which of those the records know, and how often
	notes []string        // for the report, after reconcile
	sent  map[string]int  // submissions that were not refused, by provider
	asked int             // all submissions
}

// count reads what the vendors counted.
func (v *vendors) count(ctx context.Context) (n *counted, err error) {
	n = &counted{calls: calls{}, jobs: map[string]call{}, taken: map[string]int{}, sent: map[string]int{}}
	for _, name := range []string{alpha, beta} {
		list, err := v.desk.Submissions(ctx, name)
		if err != nil {
			return nil, err
		}
		n.asked += len(list)
		for _, s := range list {
			if !s.Refused {
				n.sent[name]++
			}
			c := call{ID: s.Request, At: s.At}
			if name == beta {
				if s.Job != "" {
					n.jobs[s.Job] = c
				}
				continue
			}
			id, number, ok := c.attempt()
			if !ok {
				return nil, fmt.Errorf("a submission at %s is called %q", name, s.Request)
			}
			if n.calls[id] == nil {
				n.calls[id] = map[int][]call{}
			}
			n.calls[id][number] = append(n.calls[id][number], c)
		}
	}
	return n, nil
}

// of are the calls that were made for a task, by attempt.
func (n *counted) of(rec operator.Task) map[int][]call {
	n.mu.Lock()
	defer n.mu.Unlock()
	made := map[int][]call{}
	for number, cs := range n.calls[rec.TaskID] {
		made[number] = cs
	}
	for _, a := range rec.Attempts {
		if c, ok := n.jobs[a.VendorTask]; ok && a.Provider == beta {
			made[a.Number] = append(made[a.Number], c)
			n.taken[a.VendorTask]++
		}
	}
	return made
}

// reconcile compares the vendors' counts with the ledger, which has deleted
// tasks too. Every submission that a vendor did not refuse must be a picture or
// an unknown outcome in the ledger. A job may be missing in all records only if
// its record is deleted, or if its worker died before it reported the job.
func (v *verifier) reconcile(n *counted, r audited, costs []operator.Cost) {
	booked := map[string]*operator.Cost{alpha: {}, beta: {}}
	for _, c := range costs {
		if b := booked[c.Provider]; b != nil {
			b.OK, b.Unknown = b.OK+c.OK, b.Unknown+c.Unknown
		}
	}
	for _, name := range []string{alpha, beta} {
		b := booked[name]
		n.notes = append(n.notes, fmt.Sprintf("%s took %d, booked as %d pictures and %d unknown", name, n.sent[name], b.OK, b.Unknown))
		if sent := int64(n.sent[name]); sent < b.OK || sent > b.OK+b.Unknown {
			v.book.fault(unbooked, 1, "", "%s took %d submissions, the ledger has %d pictures and %d unknown", name, sent, b.OK, b.Unknown)
		}
	}
	strangers := 0
	for job := range n.jobs {
		switch n.taken[job] {
		case 0:
			strangers++
		case 1:
		default:
			v.book.fault(paidTwice, 1, "", "%s is the job of %d attempts", job, n.taken[job])
		}
	}
	deleted := booked[beta].OK + booked[beta].Unknown - r.betaBooked
	if int64(strangers) > deleted+r.betaUntold {
		v.book.fault(paidTwice, 1, "", "%d jobs belong to no attempt, %d can be of deleted tasks and %d were lost untold", strangers, deleted, r.betaUntold)
	}
}

// remember counts what reconcile needs to know of an attempt.
func (r *audited) remember(a task.Attempt) {
	if a.Provider != beta || a.Outcome != task.OK && a.Outcome != task.Unknown {
		return
	}
	r.betaBooked++
	if a.Outcome == task.Unknown && a.VendorTask == "" {
		r.betaUntold++
	}
}

// recoveries counts from the logs how lost calls were found. A call that could
// be resumed must be.
func (s *site) recoveries(b *book) map[string]int {
	out := map[string]int{}
	for _, p := range s.gateways {
		rig.Lines(p.LogPath(), "lost call found", func(line []byte) {
			var doc struct {
				Task      task.ID `json:"task"`
				Attempt   int     `json:"attempt"`
				By        string  `json:"by"`
				Provider  string  `json:"provider"`
				Resumable bool    `json:"resumable"`
			}
			if json.Unmarshal(line, &doc) != nil {
				return
			}
			out[doc.By]++
			if doc.By != "unknown" {
				return
			}
			out[doc.By+" "+doc.Provider]++
			if doc.Resumable {
				b.fault(forsaken, 1, doc.Task, "attempt %d at %s", doc.Attempt, doc.Provider)
			}
		})
	}
	return out
}
