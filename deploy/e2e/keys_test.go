package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	keyed "github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/reference"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// effect is how it is seen that some keys have an effect: a test that sets
// them to values of its own and looks.
type effect struct {
	keys string // separated by spaces
	see  func(t *testing.T)
}

// effects are all of them.
func effects() []effect {
	return slices.Concat(gatewayEffects(), storeEffects(), workerEffects(), providerEffects(), tlsEffects())
}

// unseen are the keys whose effect no test of whole programs sees, and why.
func unseen() map[string]string {
	return map[string]string{
		"engine.sync":             "only a power cut shows when a write reached the disk; gateway/engine hands it to the engine",
		"engine.replicas":         "needs an engine of several nodes; gateway/engine sees it with three",
		"store.obs.credentials":   "ecs needs a machine of Huawei Cloud; gateway/store/obs plays one",
		"dispatch.window":         "it bounds memory, and tasks beyond it only wait; gateway/dispatch counts them",
		"dispatch.spill":          "a time within the dispatcher; gateway/dispatch sees it on a clock of its own",
		"dispatch.allowanceAlarm": "needs a vendor that tells what is left; gateway/dispatch plays one",
		"moderation.kind":         "has one value",
		"egress.allow":            "needs a host that is not this machine; worker/provider/vendorhttp has resolvers of its own",
		"label.text":              "stands in the pixels; worker/label compares them",
		"picture.heif":            "which decoders there are depends on the machine; worker/picture/sandbox sees the choice",
	}
}

// mostUnseen keeps the list of exceptions from growing.
const mostUnseen = 10

func TestEveryKeyHasAnEffect(t *testing.T) {
	t.Parallel()
	seen := unseen()
	if len(seen) > mostUnseen {
		t.Errorf("%d keys are exceptions, want %d at most", len(seen), mostUnseen)
	}
	for _, e := range effects() {
		keys := strings.Fields(e.keys)
		for _, key := range keys {
			seen[key] = "seen"
		}
		t.Run(keys[0], func(t *testing.T) {
			t.Parallel()
			e.see(t)
		})
	}
	for _, k := range reference.Keys() {
		if k.Type == keyed.TypeSection || k.Type == keyed.TypeSections {
			continue
		}
		if seen[k.Path] == "" {
			t.Errorf("%s has no row: nobody sees that it has an effect", k.Path)
		}
		delete(seen, k.Path)
	}
	for key := range seen {
		t.Errorf("%s has a row and is no key", key)
	}
}

// section is a part of a configuration.
type section = map[string]any

// site is a gateway that was started with some keys set.
type site struct {
	byHand

	http, admin, fleet, data string
	env                      []string
}

// gatewayWith starts a gateway on free ports with more keys.
func gatewayWith(t *testing.T, more section, env ...string) *site {
	t.Helper()
	return gatewayUnder(t, 0, more, env...)
}

// gatewayUnder limits its open files; 0 does not.
func gatewayUnder(t *testing.T, descriptors int, more section, env ...string) *site {
	t.Helper()
	at, err := rig.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{http: at[0], admin: at[1], fleet: at[2], data: filepath.Join(t.TempDir(), "data"), env: env}
	base := section{
		"http": section{"listen": s.http}, "admin": section{"listen": s.admin}, "fleet": section{"listen": s.fleet}, "data": section{"dir": s.data},
	}
	if given, ok := more["http"].(section); ok && given["listen"] != nil {
		s.http = given["listen"].(string)
	}
	s.byHand = startUnder(t, descriptors, rig.Gateway, laid(base, more), env)
	s.serves(t, s.http)
	return s
}

// workerWith starts a worker of the site, by default with a quick mock.
func (s *site) workerWith(t *testing.T, more section) byHand {
	t.Helper()
	return startByHand(t, rig.Worker, laid(section{"fleet": section{"gateways": []string{s.fleet}}, "data": section{"dir": s.data}}, more), s.env...)
}

// laid lays one configuration over another.
func laid(base, more section) section {
	out := maps.Clone(base)
	for k, v := range more {
		over, both := v.(section)
		if under, ok := out[k].(section); ok && both {
			out[k] = laid(under, over)
			continue
		}
		out[k] = v
	}
	return out
}

// operators is a client of the admin API, which knows the token by its file
// unless one is given.
func (s *site) operators(t *testing.T, token string) *operator.Client {
	t.Helper()
	if token == "" {
		eventually(t, func() bool {
			b, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
			token = strings.TrimSpace(string(b))
			return err == nil
		})
	}
	c, err := operator.NewClient(operator.ClientConfig{Server: "http://" + s.admin, Token: secret.New(token)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eventually waits for something to be so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(startPatience)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be so")
		}
		if !rig.Wait(t.Context(), 50*time.Millisecond) {
			t.Fatal("the test ended first")
		}
	}
}

// person comes with a photo, as soon as a worker can judge it.
func (s *site) person(t *testing.T, seed uint64) *person {
	t.Helper()
	p := &person{api: api(t, "http://"+s.http)}
	var err error
	if p.photo, err = photo.JPEG(seed, 600, 400, photo.Rotated); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		if p.Session == nil {
			if p.Session, err = p.api.NewSession(t.Context()); err != nil {
				return false
			}
		}
		p.upload, err = p.Upload(t.Context(), "image/jpeg", p.photo)
		return err == nil
	})
	return p
}

// answer is what a request came to.
func answer(t *testing.T, method, url, body string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var doc map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&doc)
	return resp, doc
}

// newSession of somebody who has no photo.
func (s *site) session(t *testing.T) *client.Session {
	t.Helper()
	p, err := api(t, "http://"+s.http).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}
