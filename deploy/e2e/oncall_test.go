package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	toldWithin  = 5*time.Second + busy // after its cause an alarm is told
	causeWithin = time.Minute          // an operator has found the cause
)

// oncall is a fleet whose vendors, workers and store the test breaks, and a
// terminal with imgctl.
type oncall struct {
	programs rig.Programs
	public   string
	admin    string
	data     string
	home     string
	desk     rig.Desk
	gateway  *rig.Process
	vendors  *rig.Process
	workers  map[string]*rig.Process // by region
	settings map[string]any          // of the gateway
	photos   uint64
}

func newOncall(t *testing.T) *oncall {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	at, err := rig.FreePorts(t.Context(), 8)
	if err != nil {
		t.Fatal(err)
	}
	dir, home := t.TempDir(), t.TempDir()
	o := &oncall{programs: programs, public: "http://" + at[0], admin: "http://" + at[1], data: filepath.Join(dir, "data"), home: home, desk: rig.Desk(at[3]), workers: map[string]*rig.Process{}}
	asked := map[string]any{"weight": 50, "priceFen": 20, "timeout": "30s"}
	played, providers := rig.Simulated(at[3], []rig.Vendor{
		{Name: "seedream", Kind: "seedream", Listen: at[4], Prefix: "/api/v3", Knobs: quickVendor, Asked: asked},
		{Name: "qianfan", Kind: "qianfan", Listen: at[5], Prefix: "/v2", Knobs: quickVendor, Asked: map[string]any{"weight": 0, "priceFen": 20, "timeout": "30s"}},
	})
	o.settings = trialShared()
	maps.Copy(o.settings, map[string]any{
		"http": map[string]any{"listen": at[0]}, "admin": map[string]any{"listen": at[1]}, "providers": providers,
		"fleet": map[string]any{"listen": at[2], "token": "fleet-of-a-trial"}, "data": map[string]any{"dir": o.data}, "retention": "2h",
	})
	env := rig.Environ(os.Environ())
	if o.vendors, err = programs.Configured(dir, "vendors", rig.Worker, env, played, "-simulate"); err != nil {
		t.Fatal(err)
	}
	o.configure(t, dir, nil)
	for i, region := range []string{"east", "west"} {
		if o.workers[region], err = programs.Configured(dir, region, rig.Worker, env, map[string]any{
			"providers": providers, "fleet": map[string]any{"gateways": []string{at[2]}, "token": "fleet-of-a-trial"},
			"worker": map[string]any{"listen": at[6+i], "advertise": at[6+i], "region": region, "capacity": 4},
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, p := range []*rig.Process{o.gateway, o.vendors, o.workers["east"], o.workers["west"]} {
			p.Kill()
			if t.Failed() {
				t.Logf("log of %s:\n%s", p.Name(), tail(logOf(p)))
			}
		}
	})
	if err := errors.Join(o.vendors.Start(), o.gateway.Start(), o.workers["east"].Start(), o.workers["west"].Start()); err != nil {
		t.Fatal(err)
	}
	o.quiet(t, "at the start", startPatience)
	return o
}

const quickVendor = "median=50ms&p95=60ms&side=320"

// configure writes the gateway's configuration, with changes.
func (o *oncall) configure(t *testing.T, dir string, more map[string]any) {
	t.Helper()
	c := maps.Clone(o.settings)
	maps.Copy(c, more)
	p, err := o.programs.Configured(dir, "gateway", rig.Gateway, rig.Environ(os.Environ()), c)
	if err != nil {
		t.Fatal(err)
	}
	o.gateway = p
}

// imgctl is what an operator sees: standard output and error.
func (o *oncall) imgctl(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, rig.AnswerWithin)
	defer cancel()
	args = append(args, "--server", o.admin, "--token-file", filepath.Join(o.data, "admin.token"))
	cmd := exec.CommandContext(ctx, o.programs.Path(rig.Imgctl), args...)
	cmd.Env = []string{"HOME=" + o.home, "XDG_CONFIG_HOME=" + o.home}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs imgctl and wants it to succeed.
func (o *oncall) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := o.imgctl(t.Context(), args...)
	if err != nil {
		t.Fatalf("imgctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// sees waits until imgctl says all words, and returns what it says then.
func (o *oncall) sees(t *testing.T, patience time.Duration, args []string, words ...string) string {
	t.Helper()
	var out string
	begun := time.Now()
	if err := rig.Retry(t.Context(), patience, lookAgain, func(ctx context.Context) (err error) {
		out, err = o.imgctl(ctx, args...)
		for _, w := range words {
			if err == nil && !strings.Contains(out, w) {
				err = fmt.Errorf("no %q", w)
			}
		}
		return err
	}); err != nil {
		t.Errorf("imgctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	if took := time.Since(begun); took > time.Second {
		t.Logf("%q after %v", words, took.Round(100*time.Millisecond))
	}
	return out
}

// quiet waits until no alarm stands, but those that have another cause.
func (o *oncall) quiet(t *testing.T, when string, patience time.Duration, others ...string) {
	t.Helper()
	var alarms []operator.Alarm
	if err := rig.Retry(t.Context(), patience, lookAgain, func(ctx context.Context) error {
		out, err := o.imgctl(ctx, "status", "-o", "json")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		s := read[operator.Status](t, out)
		alarms = slices.DeleteFunc(s.Alarms, func(a operator.Alarm) bool { return slices.Contains(others, a.Name) })
		if len(alarms) > 0 || s.Workers != 2 {
			return errors.New("not quiet")
		}
		return nil
	}); err != nil {
		t.Fatalf("%s: %v: %+v", when, err, alarms)
	}
}

// photographed has a session and a photo of their own; what it returns asks
// for a picture.
func (o *oncall) photographed(t *testing.T, headers ...http.Header) (ask func() task.ID) {
	t.Helper()
	o.photos++
	data, err := photo.JPEG(o.photos, 640, 480, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	c := client.Defaults()
	c.BaseURL, c.Language = o.public, "en"
	for _, h := range headers {
		c.HTTP = &http.Client{Transport: headed{h}}
	}
	api, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := api.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	up, err := s.Upload(t.Context(), "image/jpeg", data)
	if err != nil {
		t.Fatal(err)
	}
	return func() task.ID {
		made, err := s.Submit(t.Context(), client.NewTask{UploadID: up.UploadID, Style: styleID, Place: placeID})
		if err != nil {
			t.Fatal(err)
		}
		return made.TaskID
	}
}

// someone asks for a picture of a photo of their own.
func (o *oncall) someone(t *testing.T, headers ...http.Header) task.ID {
	t.Helper()
	return o.photographed(t, headers...)()
}

// headed adds headers to every request.
type headed struct{ add http.Header }

func (h headed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	maps.Copy(r.Header, h.add)
	return http.DefaultTransport.RoundTrip(r)
}

// ends waits for the end of a task, as operators see it.
func (o *oncall) ends(t *testing.T, id task.ID, state task.State) operator.Task {
	t.Helper()
	var got operator.Task
	if err := rig.Retry(t.Context(), taskPatience, lookAgain, func(ctx context.Context) error {
		out, err := o.imgctl(ctx, "task", "get", string(id), "-o", "json")
		if err == nil {
			got = read[operator.Task](t, out)
		}
		if err == nil && !got.State.Terminal() {
			err = errors.New(string(got.State))
		}
		return err
	}); err != nil || got.State != state {
		t.Fatalf("task %s: %v: %+v, want %s", id, err, got, state)
	}
	return got
}

// provider is a row of imgctl provider ls.
func (o *oncall) provider(t *testing.T, name string) operator.Provider {
	t.Helper()
	all := list[operator.Provider](t, o.must(t, "provider", "ls", "-o", "json"))
	i := slices.IndexFunc(all, func(p operator.Provider) bool { return p.Name == name })
	if i < 0 {
		t.Fatalf("no %s in %+v", name, all)
	}
	return all[i]
}

func (o *oncall) steer(t *testing.T, vendor, knobs string) {
	t.Helper()
	if err := o.desk.Steer(t.Context(), vendor, quickVendor+"&"+knobs); err != nil {
		t.Fatal(err)
	}
}
