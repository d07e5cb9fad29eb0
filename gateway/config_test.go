package main

import (
	"strings"
	"testing"
	"time"
)

func TestTheDefaultsAreGood(t *testing.T) {
	t.Parallel()
	if err := defaults().Validate(); err != nil {
		t.Error(err)
	}
}

func TestShortLivesAreAllowed(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Retention, c.Session.TTL = 5*time.Second, 2*time.Second // shorter than the default time of a task
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Environment, c.Fleet.Listen, c.Retention, c.Session.TTL, c.Limits.TaskTimeout = "staging", "0.0.0.0:9000", 0, 0, 0
	err := c.Validate()
	if err == nil {
		t.Fatal("no fault")
	}
	for _, key := range []string{"environment:", "fleet.listen:", "retention:", "session.ttl:", "limits.taskTimeout:"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in:\n%v", key, err)
		}
	}
}
