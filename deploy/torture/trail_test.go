package main

import (
	"fmt"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/client"
)

func event(id int, name, data string) client.Event {
	return client.Event{ID: fmt.Sprint(id), Name: name, Data: []byte(data)}
}

func snapshot(id int, state string, progress int) client.Event {
	return event(id, "snapshot", fmt.Sprintf(`{"version":%d,"state":%q,"progress":%d}`, id, state, progress))
}

func succeeded(id int) client.Event {
	return event(id, "succeeded", fmt.Sprintf(`{"version":%d,"state":"succeeded","progress":100,"result":{"imageUrl":"/files/x"}}`, id))
}

func progress(id, p int) client.Event {
	return event(id, "progress", fmt.Sprintf(`{"progress":%d,"stage":"generating"}`, p))
}

func TestTheTrailKnowsWhatMayFollow(t *testing.T) {
	t.Parallel()
	// Each inner list is one connection.
	for name, tc := range map[string]struct {
		connections [][]client.Event
		want        map[kind]int
	}{
		"AWholeLife":            {[][]client.Event{{snapshot(1, "queued", 0), progress(2, 10), progress(3, 40), succeeded(4)}}, nil},
		"CutAndResumed":         {[][]client.Event{{snapshot(1, "queued", 0)}, {progress(2, 10)}, {}, {progress(3, 10), succeeded(4)}}, nil},
		"LateToTheParty":        {[][]client.Event{{snapshot(7, "succeeded", 100), succeeded(7)}}, nil},
		"CutAfterTheSnapshot":   {[][]client.Event{{snapshot(7, "running", 50)}, {succeeded(8)}}, nil},
		"AGap":                  {[][]client.Event{{snapshot(1, "queued", 0), progress(4, 10)}}, map[kind]int{eventMissing: 2}},
		"AGapOverAReconnection": {[][]client.Event{{snapshot(1, "queued", 0)}, {progress(3, 10)}}, map[kind]int{eventMissing: 1}},
		"ASnapshotInstead":      {[][]client.Event{{snapshot(1, "queued", 0)}, {snapshot(5, "running", 30), progress(6, 30)}}, map[kind]int{eventMissing: 4}},
		"ARepeat":               {[][]client.Event{{snapshot(1, "queued", 0), progress(2, 10)}, {progress(2, 10)}}, map[kind]int{eventRepeated: 1}},
		"TwoEnds":               {[][]client.Event{{snapshot(1, "queued", 0), succeeded(2), event(3, "failed", `{}`)}}, map[kind]int{finishedTwice: 1, illegal: 1}},
		"FallingProgress":       {[][]client.Event{{snapshot(1, "running", 50), progress(2, 40)}}, map[kind]int{illegal: 1}},
		"BackToTheQueue":        {[][]client.Event{{snapshot(1, "running", 50), event(2, "queued", `{"position":3}`)}}, map[kind]int{illegal: 1}},
		"NoSnapshot":            {[][]client.Event{{progress(2, 10)}}, map[kind]int{illegal: 1}},
		"AHundredTooSoon":       {[][]client.Event{{snapshot(1, "running", 50), progress(2, 100)}}, map[kind]int{illegal: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tr trail
			got := map[kind]int{}
			for _, c := range tc.connections {
				tr.connect()
				for _, e := range c {
					for _, f := range tr.see(e) {
						t.Log(f.kind, f.text)
						got[f.kind] += f.n
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("faults = %v, want %v", got, tc.want)
			}
		})
	}
}
