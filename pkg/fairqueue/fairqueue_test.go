package fairqueue

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type item struct {
	key Key
	id  string
}

func waiting(network, session, id string) *item {
	return &item{Key{Network: network, Session: session}, id}
}

func anybody(*item) bool { return true }

// push, pop and remove know the key of an item.
func push(q *Queue[*item], it *item) { q.Push(it.key, it) }

func remove(q *Queue[*item], it *item) bool { return q.Remove(it.key, it) }

func pop(q *Queue[*item], fits func(*item) bool) *item {
	it, _ := q.Pop(fits)
	return it
}

// order takes everything out of a queue and lists the ids.
func order(q *Queue[*item]) (out []string) {
	for it := pop(q, anybody); it != nil; it = pop(q, anybody) {
		out = append(out, it.id)
	}
	return out
}

func TestNetworksThenSessionsTakeTurns(t *testing.T) {
	t.Parallel()
	q := new(Queue[*item])
	for i := range 4 { // one network with two sessions, one of which came with a heap
		push(q, waiting("n1", "s1", fmt.Sprint("s1-", i)))
	}
	push(q, waiting("n1", "s2", "s2-0"))
	push(q, waiting("n2", "s3", "s3-0"))
	push(q, waiting("n2", "s3", "s3-1"))
	want := []string{"s1-0", "s3-0", "s2-0", "s3-1", "s1-1", "s1-2", "s1-3"}
	ranked := q.Ranked()
	got := order(q)
	if !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
	for i, it := range ranked {
		if it.id != got[i] {
			t.Errorf("ranked %d is %s, came %s", i, it.id, got[i])
		}
	}
}

func TestACampaignHasEverySecondTurnWhoeverStandsInLine(t *testing.T) {
	t.Parallel()
	q := new(Queue[*item])
	for i := range 6 {
		push(q, waiting(fmt.Sprint("n", i), "s", fmt.Sprint("other-", i)))
	}
	for i := range 4 { // all of them behind the one address of a hall
		it := waiting("hall", fmt.Sprint("p", i), fmt.Sprint("expo-", i))
		it.key.Lane = "expo"
		push(q, it)
	}
	want := []string{"other-0", "expo-0", "other-1", "expo-1", "other-2", "expo-2", "other-3", "expo-3", "other-4", "other-5"}
	ranked := q.Ranked()
	if got := order(q); !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
	for i, it := range ranked {
		if it.id != want[i] {
			t.Errorf("ranked %d is %s", i, it.id)
		}
	}
	gone := waiting("hall", "p", "canceled")
	gone.key.Lane = "expo"
	push(q, gone)
	if !remove(q, gone) || remove(q, gone) || !q.root.empty() {
		t.Error("an empty campaign still has turns")
	}
}

func TestANewcomerWaitsForOneRoundAtMost(t *testing.T) {
	t.Parallel()
	q := new(Queue[*item])
	for n := range 3 {
		for i := range 3 {
			push(q, waiting(fmt.Sprint("n", n), "s", fmt.Sprint("n", n, "-", i)))
		}
	}
	pop(q, anybody) // it is n1's turn
	push(q, waiting("new", "s", "new"))
	if got := order(q)[:4]; !slices.Equal(got, []string{"n1-0", "n2-0", "n0-1", "new"}) {
		t.Errorf("order = %v", got)
	}
}

func TestATaskThatNothingFitsDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	q := new(Queue[*item])
	push(q, waiting("n1", "s1", "heavy"))
	push(q, waiting("n1", "s1", "behind it"))
	push(q, waiting("n1", "s2", "light"))
	got := pop(q, func(it *item) bool { return it.id != "heavy" })
	if got == nil || got.id != "light" {
		t.Errorf("got %v; within a session tasks keep their order", got)
	}
	if pop(q, func(*item) bool { return false }) != nil || q.Len() != 2 {
		t.Error("something left that nobody took")
	}
}

// model is what a queue promises, said plainly: FIFO lists by session.
type model struct {
	lists map[string][]string // "network session" → ids
	// passed counts, for a session that waits, what each other session of its
	// network had since its last turn; for a network, each other network.
	sessions map[string]map[string]int
	networks map[string]map[string]int
}

func TestTheQueueIsFairAndConsistentWhateverHappens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q, next := new(Queue[*item]), 0
		items := make(map[string]*item)
		m := model{lists: map[string][]string{}, sessions: map[string]map[string]int{}, networks: map[string]map[string]int{}}
		names := func(it *item) (network, session string) {
			return it.key.Network, it.key.Network + " " + it.key.Session
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
			i := slices.Index(l, it.id)
			m.lists[session] = slices.Delete(l, i, i+1)
			delete(items, it.id)
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
				push(q, it)
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
				ranked := q.Ranked()
				it := pop(q, anybody)
				if (it == nil) != (len(items) == 0) {
					t.Fatalf("popped %v of %d", it, len(items))
				}
				if it == nil {
					return
				}
				if ranked[0] != it {
					t.Fatalf("ranked first was %s, came %s", ranked[0].id, it.id)
				}
				network, session := names(it)
				if m.lists[session][0] != it.id {
					t.Fatalf("%s overtook %s of its own session", it.id, m.lists[session][0])
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
				if !remove(q, it) || remove(q, it) {
					t.Fatal("a waiting task is removed exactly once")
				}
				forget(it)
			},
			"refuse": func(t *rapid.T) {
				if it := pop(q, func(*item) bool { return false }); it != nil {
					t.Fatalf("popped %s against all refusals", it.id)
				}
			},
			"": func(t *rapid.T) {
				if q.Len() != len(items) {
					t.Fatalf("len = %d, want %d", q.Len(), len(items))
				}
				consistent(t, q)
			},
		})
		ranked := q.Ranked()
		got := order(q)
		for i, it := range ranked {
			if it.id != got[i] {
				t.Fatalf("ranked %d is %s, came %s", i, it.id, got[i])
			}
		}
		if len(got) != len(items) || !q.root.empty() {
			t.Fatalf("%d came of %d", len(got), len(items))
		}
	})
}

// consistent checks that nothing empty is left and that every turn is somebody's.
func consistent(t *rapid.T, q *Queue[*item]) {
	var visit func(n *node[*item])
	visit = func(n *node[*item]) {
		if len(n.order) != len(n.child) || (n.at != 0 && n.at >= len(n.order)) {
			t.Fatalf("%q: at %d of %d, %d children", n.key, n.at, len(n.order), len(n.child))
		}
		for _, c := range n.order {
			if c.empty() {
				t.Fatalf("%q is empty", c.key)
			}
			visit(c)
		}
	}
	visit(&q.root)
}

func BenchmarkRanked(b *testing.B) {
	q := new(Queue[*item])
	for i := range 1024 {
		push(q, waiting(fmt.Sprint("n", i%100), fmt.Sprint("s", i%300), fmt.Sprint(i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(q.Ranked()) != 1024 {
			b.Fatal("not all")
		}
	}
}
