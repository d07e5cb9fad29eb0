package dispatch

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func waiting(network, session, id string) *item {
	return &item{lease: queue.Lease{Job: &task.Job{ID: task.ID(id), Session: task.SessionID(session), Network: network}}}
}

func anybody(*item) bool { return true }

// order takes everything out of a window and lists the ids.
func order(w *window) (out []string) {
	for it := w.pop(anybody); it != nil; it = w.pop(anybody) {
		out = append(out, string(it.lease.Job.ID))
	}
	return out
}

func TestNetworksThenSessionsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWindow()
	for i := range 4 { // one network with two sessions, one of which came with a heap
		w.push(waiting("n1", "s1", fmt.Sprint("s1-", i)))
	}
	w.push(waiting("n1", "s2", "s2-0"))
	w.push(waiting("n2", "s3", "s3-0"))
	w.push(waiting("n2", "s3", "s3-1"))
	want := []string{"s1-0", "s3-0", "s2-0", "s3-1", "s1-1", "s1-2", "s1-3"}
	ranked := w.ranked()
	got := order(w)
	if !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
	for i, it := range ranked {
		if string(it.lease.Job.ID) != got[i] {
			t.Errorf("ranked %d is %s, came %s", i, it.lease.Job.ID, got[i])
		}
	}
}

func TestACampaignHasEverySecondTurnWhoeverStandsInLine(t *testing.T) {
	t.Parallel()
	w := newWindow()
	for i := range 6 {
		w.push(waiting(fmt.Sprint("n", i), "s", fmt.Sprint("other-", i)))
	}
	for i := range 4 { // all of them behind the one address of a hall
		it := waiting("hall", fmt.Sprint("p", i), fmt.Sprint("expo-", i))
		it.lease.Job.Campaign = "expo"
		w.push(it)
	}
	want := []string{"other-0", "expo-0", "other-1", "expo-1", "other-2", "expo-2", "other-3", "expo-3", "other-4", "other-5"}
	ranked := w.ranked()
	if got := order(w); !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
	for i, it := range ranked {
		if string(it.lease.Job.ID) != want[i] {
			t.Errorf("ranked %d is %s", i, it.lease.Job.ID)
		}
	}
	gone := waiting("hall", "p", "canceled")
	gone.lease.Job.Campaign = "expo"
	w.push(gone)
	if !w.remove(gone) || w.remove(gone) || !w.lanes.empty() {
		t.Error("an empty campaign still has turns")
	}
}

func TestANewcomerWaitsForOneRoundAtMost(t *testing.T) {
	t.Parallel()
	w := newWindow()
	for n := range 3 {
		for i := range 3 {
			w.push(waiting(fmt.Sprint("n", n), "s", fmt.Sprint("n", n, "-", i)))
		}
	}
	w.pop(anybody) // it is n1's turn
	w.push(waiting("new", "s", "new"))
	if got := order(w)[:4]; !slices.Equal(got, []string{"n1-0", "n2-0", "n0-1", "new"}) {
		t.Errorf("order = %v", got)
	}
}

func TestATaskThatNothingFitsDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	w := newWindow()
	w.push(waiting("n1", "s1", "heavy"))
	w.push(waiting("n1", "s1", "behind it"))
	w.push(waiting("n1", "s2", "light"))
	got := w.pop(func(it *item) bool { return it.lease.Job.ID != "heavy" })
	if got == nil || got.lease.Job.ID != "light" {
		t.Errorf("got %v; within a session tasks keep their order", got)
	}
	if w.pop(func(*item) bool { return false }) != nil || w.len() != 2 {
		t.Error("something left that nobody took")
	}
}

// model is what a window promises, said plainly: FIFO lists by session.
type model struct {
	lists map[string][]string // "network session" → ids
	// passed counts, for a session that waits, what each other session of its
	// network had since its last turn; for a network, each other network.
	sessions map[string]map[string]int
	networks map[string]map[string]int
}

func TestTheWindowIsFairAndConsistentWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, next := newWindow(), 0
		items := make(map[string]*item)
		m := model{lists: map[string][]string{}, sessions: map[string]map[string]int{}, networks: map[string]map[string]int{}}
		names := func(it *item) (network, session string) {
			return it.lease.Job.Network, it.lease.Job.Network + " " + string(it.lease.Job.Session)
		}
		networkWaits := func(n string) bool {
			for k, l := range m.lists {
				if len(l) > 0 && k[:2] == n {
					return true
				}
			}
			return false
		}
		forget := func(it *item) {
			network, session := names(it)
			l := m.lists[session]
			i := slices.Index(l, string(it.lease.Job.ID))
			m.lists[session] = slices.Delete(l, i, i+1)
			delete(items, string(it.lease.Job.ID))
			if len(m.lists[session]) == 0 {
				delete(m.lists, session)
				delete(m.sessions, session)
			}
			if !networkWaits(network) {
				delete(m.networks, network)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				next++
				it := waiting(fmt.Sprint("n", rapid.IntRange(0, 3).Draw(t, "network")), fmt.Sprint("s", rapid.IntRange(0, 2).Draw(t, "session")), fmt.Sprint(next))
				network, session := names(it)
				w.push(it)
				items[fmt.Sprint(next)] = it
				m.lists[session] = append(m.lists[session], fmt.Sprint(next))
				if m.sessions[session] == nil {
					m.sessions[session] = map[string]int{}
				}
				if m.networks[network] == nil {
					m.networks[network] = map[string]int{}
				}
			},
			"pop": func(t *rapid.T) {
				ranked := w.ranked()
				it := w.pop(anybody)
				if (it == nil) != (len(items) == 0) {
					t.Fatalf("popped %v of %d", it, len(items))
				}
				if it == nil {
					return
				}
				if ranked[0] != it {
					t.Fatalf("ranked first was %s, came %s", ranked[0].lease.Job.ID, it.lease.Job.ID)
				}
				network, session := names(it)
				if m.lists[session][0] != string(it.lease.Job.ID) {
					t.Fatalf("%s overtook %s of its own session", it.lease.Job.ID, m.lists[session][0])
				}
				for other, had := range m.networks {
					if other == network {
						continue
					}
					if had[network]++; had[network] > 1 {
						t.Fatalf("network %s had %d turns while %s waited", network, had[network], other)
					}
				}
				for other, had := range m.sessions {
					if other == session || other[:2] != network {
						continue
					}
					if had[session]++; had[session] > 1 {
						t.Fatalf("session %s had %d turns while %s waited", session, had[session], other)
					}
				}
				clear(m.networks[network])
				clear(m.sessions[session])
				forget(it)
			},
			"remove": func(t *rapid.T) {
				if len(items) == 0 {
					return
				}
				ids := make([]string, 0, len(items))
				for id := range items {
					ids = append(ids, id)
				}
				slices.Sort(ids)
				it := items[rapid.SampledFrom(ids).Draw(t, "id")]
				if !w.remove(it) || w.remove(it) {
					t.Fatal("a waiting task is removed exactly once")
				}
				forget(it)
			},
			"refuse": func(t *rapid.T) {
				if it := w.pop(func(*item) bool { return false }); it != nil {
					t.Fatalf("popped %s against all refusals", it.lease.Job.ID)
				}
			},
			"": func(t *rapid.T) {
				if w.len() != len(items) {
					t.Fatalf("len = %d, want %d", w.len(), len(items))
				}
				consistent(t, w)
			},
		})
		ranked := w.ranked()
		got := order(w)
		for i, it := range ranked {
			if string(it.lease.Job.ID) != got[i] {
				t.Fatalf("ranked %d is %s, came %s", i, it.lease.Job.ID, got[i])
			}
		}
		if len(got) != len(items) || !w.lanes.empty() {
			t.Fatalf("%d came of %d", len(got), len(items))
		}
	})
}

// consistent checks that nothing empty is left in the rings.
func consistent(t *rapid.T, w *window) {
	if w.lanes.empty() {
		return
	}
	n := w.lanes.child[""]
	if len(n.order) != len(n.child) || (n.at != 0 && n.at >= len(n.order)) {
		t.Fatalf("networks: %v at %d, %d children", n.order, n.at, len(n.child))
	}
	for _, k := range n.order {
		s := n.child[k]
		if s.empty() || len(s.order) != len(s.child) || s.at >= len(s.order) {
			t.Fatalf("network %s: %v at %d, %d children", k, s.order, s.at, len(s.child))
		}
		for _, id := range s.order {
			if s.child[id].empty() {
				t.Fatalf("session %s is empty", id)
			}
		}
	}
}

func BenchmarkRanked(b *testing.B) {
	w := newWindow()
	for i := range 1024 {
		w.push(waiting(fmt.Sprint("n", i%100), fmt.Sprint("s", i%300), fmt.Sprint(i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(w.ranked()) != 1024 {
			b.Fatal("not all")
		}
	}
}
