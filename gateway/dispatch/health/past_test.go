package health

import (
	"encoding/json"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// past tells a provider's story: each step is a class, "" for a picture, with
// a task and a photo.
type told struct {
	class       task.Class
	task, photo int
}

func tell(story []told, gap time.Duration) (*Past, time.Time) {
	h, now := New(DefaultBreaking()), time.Unix(1_700_000_000, 0)
	for _, s := range story {
		out := workerrpc.Outcome{Result: task.Rejected, Class: s.class, Code: "code-" + string(s.class), Message: "words"}
		if s.class == "" {
			out = workerrpc.Outcome{Result: task.OK}
		}
		h.Report(Call{Lane: Lane{Provider: "a"}, Begun: now, Task: strconv.Itoa(s.task), Photo: strconv.Itoa(s.photo)}, out, now)
		now = now.Add(gap)
	}
	p := h.Past("a")
	return &p, now
}

func TestAProviderThatFailsEverybodyIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		story []told
		gap   time.Duration
		want  bool
	}{
		"nothing":                        {nil, 0, false},
		"a refused key":                  {[]told{{"", 1, 1}, {task.ClassAuth, 2, 2}}, 0, true},
		"an empty account":               {[]told{{task.ClassQuota, 1, 1}}, 0, true},
		"a key that is good again":       {[]told{{task.ClassAuth, 1, 1}, {"", 2, 2}}, 0, false},
		"a key that refuses a photo":     {[]told{{task.ClassAuth, 1, 1}, {task.ClassInput, 2, 2}}, 0, false},
		"two outages":                    {[]told{{task.ClassTransient, 1, 1}, {task.ClassTimeout, 2, 2}}, 0, false},
		"three outages of one task":      {[]told{{task.ClassTransient, 1, 1}, {task.ClassNetwork, 1, 1}, {task.ClassTransient, 1, 1}}, 0, false},
		"three outages":                  {[]told{{task.ClassTransient, 1, 1}, {task.ClassNetwork, 2, 1}, {task.ClassTimeout, 3, 1}}, 0, true},
		"a picture between outages":      {[]told{{task.ClassTransient, 1, 1}, {task.ClassNetwork, 2, 2}, {"", 3, 3}, {task.ClassTransient, 4, 4}}, 0, false},
		"three photos are refused":       {[]told{{task.ClassInput, 1, 1}, {task.ClassInput, 2, 2}, {task.ClassInput, 3, 3}}, 0, true},
		"one photo is refused again":     {[]told{{task.ClassInput, 1, 1}, {task.ClassInput, 2, 1}, {task.ClassInput, 3, 1}, {task.ClassInput, 4, 1}}, 0, false},
		"five tasks are refused":         {[]told{{task.ClassInput, 1, 1}, {task.ClassInput, 2, 1}, {task.ClassInput, 3, 1}, {task.ClassInput, 4, 1}, {task.ClassInput, 5, 1}}, 0, true},
		"three people's words":           {[]told{{task.ClassContent, 1, 1}, {task.ClassContent, 2, 2}, {task.ClassContent, 3, 3}}, 0, false},
		"a rate that was limited":        {[]told{{task.ClassRate, 1, 1}, {task.ClassRate, 2, 2}, {task.ClassRate, 3, 3}}, 0, false},
		"a rate that allows nothing":     {[]told{{task.ClassRate, 1, 1}, {task.ClassRate, 2, 2}, {task.ClassRate, 3, 3}}, 2 * time.Second, true},
		"yesterday's refusals are stale": {[]told{{task.ClassQuota, 1, 1}}, failingKept + 1, false},
		"canceled, busy":                 {[]told{{task.ClassCanceled, 1, 1}, {task.ClassBusy, 2, 2}, {task.ClassCanceled, 3, 3}}, 0, false},
	} {
		if p, now := tell(c.story, c.gap); p.Failing(now) != c.want {
			t.Errorf("%s: failing is %v: %+v", name, !c.want, p)
		}
	}
}

func TestTenPeopleWhoseWordsAreRefusedAreNotToBlame(t *testing.T) {
	t.Parallel()
	var story []told
	for i := range failingWords {
		story = append(story, told{task.ClassContent, i, i})
	}
	if p, now := tell(story, 0); !p.Failing(now) {
		t.Errorf("%+v", p)
	}
}

func TestAPastIsReadBackAsItWas(t *testing.T) {
	t.Parallel()
	p, now := tell([]told{{"", 1, 1}, {task.ClassInput, 2, 2}, {task.ClassAuth, 3, 3}}, time.Second)
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Past
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	h := New(DefaultBreaking())
	h.Remember(map[string]Past{"a": back})
	if got := h.Past("a"); !reflect.DeepEqual(got.Last, p.Last) || got.Calls(now) != 3 || got.Recent != "100" || !got.Failing(now) {
		t.Errorf("%+v, was %+v", got, p)
	}
	if got := h.Past("a"); got.Calls(now.Add(pastHours*time.Hour)) != 0 {
		t.Error("yesterday's calls are counted")
	}
}

func TestAPastIsBounded(t *testing.T) {
	t.Parallel()
	var story []told
	for i := range 1000 {
		story = append(story, told{task.ClassTransient, i, i})
	}
	p, now := tell(story, time.Hour)
	if len(p.Row) > pastRow || len(p.Recent) > pastCalls || len(p.Hours) > pastHours || p.Calls(now) > pastHours {
		t.Errorf("%d tasks, %d calls, %d hours", len(p.Row), len(p.Recent), len(p.Hours))
	}
}
