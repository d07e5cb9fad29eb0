package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestEveryKindHasANameThatReadsBack(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := range Kind(len(kindNames)) {
		if seen[k.String()] || k.String() == "" {
			t.Errorf("kind %d is called %q", k, k)
		}
		seen[k.String()] = true
		if ParseKind(k.String()) != k {
			t.Errorf("%s reads back as %s", k, ParseKind(k.String()))
		}
	}
	if Kind(200).String() != "internal" || ParseKind("from_the_future") != Internal {
		t.Error("what nobody knows is not internal")
	}
}

func TestAKindSurvivesWrapping(t *testing.T) {
	t.Parallel()
	cause := context.DeadlineExceeded
	err := fmt.Errorf("submit: %w", fmt.Errorf("write: %w", Wrap(EngineTimeout, cause)))
	if KindOf(err) != Timeout || CodeOf(err) != "engine_timeout" || !errors.Is(err, cause) {
		t.Errorf("kind %s, code %s", KindOf(err), CodeOf(err))
	}
	if !errors.Is(err, New(EngineTimeout)) || errors.Is(err, New(DeadlineExceeded)) {
		t.Error("faults are not told apart by their code")
	}
	outer := Wrap(TaskNotFound, err)
	if KindOf(outer) != NotFound {
		t.Error("the outer classification does not win")
	}
}

func TestWhatNobodyClassifiedIsInternal(t *testing.T) {
	t.Parallel()
	err := errors.New("disk on fire")
	if f := As(err); f.Kind != Internal || f.Code != "internal" || !errors.Is(f, err) {
		t.Errorf("fault = %v", f)
	}
	if As(nil) != nil || CodeOf(nil) != "" || KindOf(nil) != Internal {
		t.Error("no error became one")
	}
}

func TestCopiesLeaveTheOriginalAlone(t *testing.T) {
	t.Parallel()
	reset := time.Now()
	base := &Fault{Kind: Limited, Code: "quota_exceeded", ResetsAt: reset}
	full := base.With("used", "3").With("daily", "3").After(time.Minute).At("/style", "unknown", "no such style").At("/place", "unknown", "no such place")
	if len(base.Params) != 0 || base.RetryAfter != 0 || len(base.Violations) != 0 {
		t.Errorf("the original is now %+v", base)
	}
	if full.Params["used"] != "3" || full.Params["daily"] != "3" || full.RetryAfter != time.Minute || len(full.Violations) != 2 || full.ResetsAt != reset {
		t.Errorf("the copy is %+v", full)
	}
	one, two := full.At("/a", "x", ""), full.At("/b", "x", "")
	if one.Violations[2].Pointer != "/a" || two.Violations[2].Pointer != "/b" {
		t.Error("two copies share their violations")
	}
}

func TestLogsTellTheWholeStory(t *testing.T) {
	t.Parallel()
	err := Wrap(OptionsInvalid, errors.New("why")).At("/options/steps", FieldOutOfRange, "1…50")
	for _, part := range []string{"unprocessable", "options_invalid", "/options/steps", "out_of_range", "why"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not tell %q", err, part)
		}
	}
}
