package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func openCampaign() map[string]policy.Campaign {
	return map[string]policy.Campaign{"expo": {
		From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Capacity: 5, LandingURL: "https://example.com/expo",
	}}
}

func TestTheCatalogueNamesOpenCampaigns(t *testing.T) {
	t.Parallel()
	clock := time.Now()
	h := start(t, func(_ *Config, d *Deps) { d.Now = func() time.Time { return clock } })
	before := h.do("GET", "/catalog", "", "")
	if strings.Contains(string(before.body), "campaigns") {
		t.Errorf("without any: %s", before.body)
	}
	h.world.state.Campaigns = openCampaign()
	open := h.do("GET", "/catalog", "", "", "If-None-Match", before.header.Get("ETag"))
	if open.status != http.StatusOK || !strings.Contains(string(open.body), `"name":"expo"`) || !strings.Contains(string(open.body), "https://example.com/expo") {
		t.Errorf("open: %d %s", open.status, open.body)
	}
	if strings.Contains(string(open.body), "capacity") {
		t.Errorf("operators' figures are public: %s", open.body)
	}
	if again := h.do("GET", "/catalog", "", "", "If-None-Match", open.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("unchanged: %d", again.status)
	}
	clock = clock.Add(2 * time.Hour)
	over := h.do("GET", "/catalog", "", "", "If-None-Match", open.header.Get("ETag"))
	if over.status != http.StatusOK || strings.Contains(string(over.body), "expo") {
		t.Errorf("over: %d %s", over.status, over.body)
	}
}

func TestATaskOfACampaignLeadsToItsPage(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.state.Campaigns = openCampaign()
	token := h.session()
	id := h.taskID(token)
	h.world.publish(id, func(r *task.Record) {
		succeed(r)
		r.Campaign = "expo"
	})
	r := h.do("GET", "/tasks/"+string(id), token, "")
	for _, want := range []string{`"campaign":"expo"`, `"landingUrl":"https://example.com/expo"`} {
		if !strings.Contains(string(r.body), want) {
			t.Errorf("%s is missing: %s", want, r.body)
		}
	}
	h.world.state.Campaigns = nil
	if r := h.do("GET", "/tasks/"+string(id), token, ""); strings.Contains(string(r.body), "landingUrl") {
		t.Errorf("a page of a campaign that is forgotten: %s", r.body)
	}
}

func TestRefusalsOfCampaignsSayWhenToComeBack(t *testing.T) {
	t.Parallel()
	h := start(t)
	from := time.Date(2126, 11, 28, 2, 0, 0, 0, time.UTC)
	state := policy.State{Campaigns: map[string]policy.Campaign{"expo": {From: from, To: from.Add(time.Hour)}}}
	_, err := state.Admit("expo", from.Add(-90*time.Second))
	p := h.server.sentences.describe(err, chinese, "")
	if p.Status != http.StatusConflict || !strings.Contains(p.Detail, "2126-11-28 10:00") || !p.ResetsAt.Equal(from) || fault.As(err).RetryAfter != 90*time.Second {
		t.Errorf("problem = %+v", p)
	}
}
