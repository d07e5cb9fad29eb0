package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the result of a run.
type Report struct {
	Seed      uint64         `json:"seed"`
	Submitted int64          `json:"submitted"`
	Accepted  int64          `json:"accepted"`
	Finished  int64          `json:"finished"`
	Deleted   int64          `json:"deleted"`
	Erased    int64          `json:"sessionsErased"`
	Canceled  int64          `json:"canceled"`
	Replayed  int64          `json:"replayed"`
	Refused   int64          `json:"keysRefused"`
	Dropped   int64          `json:"answersDropped"`
	GaveUp    int64          `json:"gaveUp"`
	Streams   int64          `json:"streamConnections"`
	Stalled   int64          `json:"streamsStalled"`
	Calls     int            `json:"providerCalls"`
	DoubleFen int64          `json:"doublePaidFen"`
	Hedges    int            `json:"hedges"`
	Gateways  int64          `json:"gatewaysKilled"`
	Workers   int64          `json:"workersKilled"`
	Nodes     int64          `json:"nodesKilled"` // of an external engine
	Restarts  int64          `json:"restartsInTurn"`
	Takeovers int            `json:"takeOvers"`
	Recovered map[string]int `json:"recovered"` // lost calls, by how they were found
	Vendors   string         `json:"vendors,omitempty"`
	Broke     int64          `json:"refusedForMoney,omitempty"`
	Budgets   string         `json:"budgets,omitempty"`
	Siege     []string       `json:"siege,omitempty"` // what each blow of the plan did
	Seconds   float64        `json:"seconds"`
	Faults    map[string]int `json:"faults"`
	Details   []string       `json:"details,omitempty"`
}

func report(c Config, b *book, r *reaper, takeovers int, recovered map[string]int, a audited, siege []string, took time.Duration) Report {
	out := Report{
		Seed: c.Seed, Submitted: b.submitted.Load(), Accepted: b.accepted.Load(), Finished: b.finished.Load(),
		Deleted: b.deleted.Load(), Erased: b.erasures.Load(), Canceled: b.canceled.Load(), Replayed: b.replayed.Load(), Refused: b.refused.Load(),
		Dropped: b.dropped.Load(), GaveUp: b.gaveUp.Load(), Streams: b.streams.Load(), Stalled: b.stalled.Load(),
		Calls: a.calls, DoubleFen: a.doublePaidFen, Hedges: a.hedges, Gateways: r.gateways.Load(), Workers: r.workers.Load(), Nodes: r.nodes.Load(),
		Restarts: r.rolls.Load(), Takeovers: takeovers, Recovered: recovered, Vendors: strings.Join(a.counted.notes, "; "), Seconds: took.Seconds(),
		Broke: b.broke.Load(), Budgets: a.budgets, Siege: siege, Faults: map[string]int{}, Details: b.details,
	}
	for k := range kinds {
		out.Faults[k.String()] = b.faults[k]
	}
	return out
}

// Clean reports whether nothing was wrong.
func (r Report) Clean() bool {
	for _, n := range r.Faults {
		if n > 0 {
			return false
		}
	}
	return r.Accepted > 0
}

// print writes the table: the accepted tasks, then the faults, which must be 0.
func (r Report) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "accepted\t%d\tof %d submitted; %d ended, %d deleted, %d cancels asked for, %d sessions erased\n",
		r.Accepted, r.Submitted, r.Finished, r.Deleted, r.Canceled, r.Erased)
	for k := range kinds {
		fmt.Fprintf(w, "%s\t%d\n", k, r.Faults[k.String()])
	}
	fmt.Fprintf(w, "kills\t%d\t%d gateways, %d workers, %d nodes; %d restarts in turn, %d take-overs of dispatch\n", r.Gateways+r.Workers+r.Nodes, r.Gateways, r.Workers, r.Nodes, r.Restarts, r.Takeovers)
	found := r.Recovered
	fmt.Fprintf(w, "lost calls\t%d\t%d attached to, %d by manifest, %d resumed, %d unknown (alpha %d, beta %d)\n",
		found["attach"]+found["manifest"]+found["resume"]+found["unknown"], found["attach"], found["manifest"], found["resume"], found["unknown"], found["unknown alpha"], found["unknown beta"])
	fmt.Fprintf(w, "repetitions\t%d\tanswered with the same task; %d misused keys refused, %d answers dropped, %d gave up\n", r.Replayed, r.Refused, r.Dropped, r.GaveUp)
	fmt.Fprintf(w, "streams\t%d\tconnections; %d stalled until they reconnected\n", r.Streams, r.Stalled)
	fmt.Fprintf(w, "provider calls\t%d\t%d hedges, and %d fen went on after unknown outcomes, within policy\n", r.Calls, r.Hedges, r.DoubleFen)
	if r.Vendors != "" {
		fmt.Fprintf(w, "submissions\t%d\t%s\n", r.Calls, r.Vendors)
	}
	if r.Budgets != "" {
		fmt.Fprintf(w, "budgets\t%d\trequests refused; %s\n", r.Broke, r.Budgets)
	}
	for i, line := range r.Siege {
		fmt.Fprintf(w, "siege\t%d\t%s\n", i+1, line)
	}
	fmt.Fprintf(w, "time\t%.0f s\tseed %d\n", r.Seconds, r.Seed)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range r.Details {
		if _, err := fmt.Fprintln(out, "  "+d); err != nil {
			return err
		}
	}
	return nil
}
