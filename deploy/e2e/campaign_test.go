package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// join submits one task of a campaign by hand, so that the refusal can be
// looked at.
func (p *person) join(t *testing.T, base, campaign string, seed int) (int, client.Problem) {
	t.Helper()
	body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q,"campaign":%q,"options":{"seed":%d}}`, p.upload.UploadID, styleID, placeID, campaign, seed)
	return raw(t, p.Token(), http.MethodPost, base+"/tasks", body)
}

// refused wants a refusal of the campaign on every gateway, soon.
func (p *person) refused(t *testing.T, d *dev, status int, code fault.Code) client.Problem {
	t.Helper()
	var problem client.Problem
	for g, base := range d.public {
		if err := within(liveWithin, func() error {
			var got int
			if got, problem = p.join(t, base, "expo", 500+g); got != status || problem.Code != code {
				return fmt.Errorf("%d %s, want %d %s", got, problem.Code, status, code)
			}
			return nil
		}); err != nil {
			t.Errorf("gateway %d: %v", g+1, err)
		}
	}
	return problem
}

// held is how many tasks of the campaign the operators see.
func (d *dev) held(t *testing.T) operator.CampaignStatus {
	t.Helper()
	all := list[operator.CampaignStatus](t, d.must(t, "campaign", "ls", "-o", "json"))
	if len(all) != 1 {
		t.Fatalf("campaigns = %+v", all)
	}
	return all[0]
}

func TestACampaignOpensOnTimeAndHasItsOwnPlacesOverARestart(t *testing.T) {
	t.Parallel()
	data, args := t.TempDir(), []string{"--config", config(t, "picture=copy&latency=5s", nil), "--gateways", "2"}
	d := start(t, data, args...)
	p := newPerson(t, d, 30)
	opens := time.Now().Add(3 * time.Second).Truncate(time.Second)
	d.must(t, "campaign", "create", "expo", "--from", opens.Format(time.RFC3339), "--for", "1h", "--capacity", "3",
		"--landing-url", "https://example.com/expo", "--reason", "a test")
	if q := p.refused(t, d, http.StatusConflict, "campaign_not_open"); q.RetryAfter <= 0 || q.RetryAfter > 3*time.Second {
		t.Errorf("come back in %v", q.RetryAfter)
	}
	if err := within(time.Until(opens)+liveWithin, func() error {
		if status, q := p.join(t, d.public[0], "expo", 1); status != http.StatusAccepted {
			return fmt.Errorf("%d %s", status, q.Code)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if status, q := p.join(t, d.public[i], "expo", 2+i); status != http.StatusAccepted {
			t.Errorf("place %d: %d %s", 2+i, status, q.Code)
		}
	}
	if q := p.refused(t, d, http.StatusServiceUnavailable, "campaign_full"); q.RetryAfter <= 0 {
		t.Error("nobody says when to come back")
	}
	if status, q := p.post(t, d.public[1], 4); status != http.StatusAccepted {
		t.Errorf("everybody else: %d %s", status, q.Code)
	}
	if c, err := p.api.Catalog(t.Context()); err != nil || len(c.Campaigns) != 1 || c.Campaigns[0].LandingURL != "https://example.com/expo" {
		t.Errorf("catalogue: %+v, %v", c.Campaigns, err)
	}
	if c := d.held(t); c.Tasks != 3 || c.State != "open" {
		t.Errorf("held = %+v", c)
	}
	d.kill()
	d = start(t, data, args...)
	p = &person{Session: p.Via(d.api(t, 0)), api: d.api(t, 0), upload: p.upload}
	if c := d.held(t); c.Tasks < 1 || c.Tasks > 3 {
		t.Errorf("after the restart %+v", c)
	}
	p.drain(t)
	page, _, err := p.List(t.Context(), 50, "")
	if err != nil {
		t.Fatal(err)
	}
	finished := 0
	for _, doc := range page {
		if doc.Campaign == "expo" {
			finished++
			if doc.State != task.Succeeded || doc.Result.LandingURL != "https://example.com/expo" {
				t.Errorf("task = %+v", doc)
			}
		}
	}
	if finished != 3 {
		t.Errorf("%d tasks of the campaign", finished)
	}
	if err := within(taskPatience, func() error {
		if c := d.held(t); c.Tasks != 0 {
			return fmt.Errorf("places are still taken: %+v", c)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	d.must(t, "campaign", "end", "expo", "--reason", "a test")
	p.refused(t, d, http.StatusGone, "campaign_over")
}

// corner counts nearly white pixels in the upper left, where brands are: the
// simulated vendor's own pictures have none.
func (p *person) corner(t *testing.T, doc client.Task) (white int) {
	t.Helper()
	img := decode(t, p.fetch(t, doc.Result.ImageURL))
	for y := range img.Bounds().Dy() / 8 {
		for x := range img.Bounds().Dx() / 2 {
			if r, g, b, _ := img.At(x, y).RGBA(); min(r, g, b) > 0xe000 {
				white++
			}
		}
	}
	return white
}

func TestACampaignMarksItsPicturesAndKeepsToItsMoney(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", config(t, "picture=copy", nil), "--simulate", "seedream?median=20ms&side=320")
	price := int64(0)
	for _, q := range list[operator.Provider](t, d.must(t, "provider", "ls", "-o", "json")) {
		price = max(price, q.PriceFen)
	}
	d.must(t, "campaign", "create", "expo", "--for", "1h", "--capacity", "10", "--brand-mark", "春茶节", "--daily-budget", fmt.Sprint(2*price))
	p := newPerson(t, d, 31)
	for seed := range int64(2) {
		wish := p.wish(seed)
		wish.Campaign = "expo"
		made, err := p.Submit(t.Context(), wish)
		if err != nil {
			t.Fatal(err)
		}
		doc := p.finish(t, made.TaskID)
		if doc.State != task.Succeeded {
			t.Fatalf("task = %+v", doc)
		}
		if white := p.corner(t, doc); white < 50 {
			t.Errorf("%d white pixels where the brand is", white)
		}
	}
	if q := p.refused(t, d, http.StatusServiceUnavailable, "campaign_spent"); q.ResetsAt.IsZero() || q.RetryAfter <= 0 {
		t.Errorf("nobody says when to come back: %+v", q)
	}
	doc := p.finish(t, p.submit(t, 3).TaskID)
	if doc.State != task.Succeeded {
		t.Fatalf("everybody else: %+v", doc)
	}
	if white := p.corner(t, doc); white != 0 {
		t.Errorf("%d white pixels without a brand", white)
	}
	if c := d.held(t); c.SpentFen != 2*price || d.books(t)["seedream"].Billed != 3 {
		t.Errorf("campaign = %+v, vendor = %+v", c, d.books(t)["seedream"])
	}
}
