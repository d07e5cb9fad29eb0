package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/cdntest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// serving is a fleet of both programs that was started with a shipped file.
type serving struct {
	t      *testing.T
	file   *shipped
	public []string
	http   *http.Client // of people; nil for the usual one
}

// start starts a program with the file as it is shipped.
func (v *serving) start(name, program string, more map[string]string) {
	v.t.Helper()
	programs, err := built()
	if err != nil {
		v.t.Fatal(err)
	}
	log := filepath.Join(v.t.TempDir(), name+".log")
	p := rig.New(name, programs.Path(program), log, v.file.environ(more), "-config", v.file.path, "-exit-with-stdin")
	if err := p.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() {
		if p.Crashes() > 0 || v.t.Failed() {
			raw, _ := os.ReadFile(log)
			v.t.Logf("%s, which ended by itself %d times, said\n%s", name, p.Crashes(), tail(string(raw)))
		}
		p.Kill()
	})
}

// person comes as soon as a photo can be judged: that takes a gateway, the
// store, and a worker.
func (v *serving) person(seed uint64) *person {
	v.t.Helper()
	var p *person
	err := rig.Retry(v.t.Context(), startPatience, 200*time.Millisecond, func(ctx context.Context) (err error) {
		p, err = v.arrive(ctx, seed)
		return err
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return p
}

func (v *serving) arrive(ctx context.Context, seed uint64) (p *person, err error) {
	c := client.Defaults()
	c.BaseURL, c.HTTP, c.Attempts = v.public[int(seed)%len(v.public)], v.http, 1
	p = &person{}
	if p.api, err = client.New(c); err != nil {
		return nil, err
	}
	if p.Session, err = p.api.NewSession(ctx); err != nil {
		return nil, err
	}
	if p.photo, err = photo.JPEG(seed, 1200, 900, photo.Rotated); err != nil {
		return nil, err
	}
	p.upload, err = p.Upload(ctx, "image/jpeg", p.photo)
	return p, err
}

// draws submits a task and wants a picture of it.
func (v *serving) draws(p *person, seed int64) client.Task {
	v.t.Helper()
	doc := p.finish(v.t, p.submit(v.t, seed).TaskID)
	if doc.State != task.Succeeded || doc.Result == nil {
		v.t.Fatalf("the task ended as %s: %+v", doc.State, doc)
	}
	return doc
}

// alone starts one gateway and one worker on loopback.
func (s *shipped) alone(t *testing.T) *serving {
	t.Helper()
	ports, err := rig.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	s.env["IMGFLEET_HTTP_LISTEN"], s.env["IMGFLEET_ADMIN_LISTEN"], s.env["IMGFLEET_FLEET_LISTEN"] = ports[0], ports[1], ports[2]
	s.env["IMGFLEET_FLEET_GATEWAYS"], s.env["IMGFLEET_DATA_DIR"] = list1(ports[2]), t.TempDir()
	v := &serving{t: t, file: s, public: []string{"http://" + ports[0]}}
	v.start("gateway", rig.Gateway, nil)
	v.start("worker", rig.Worker, nil)
	return v
}

// behindAWebServer lets people come by https at the address of publicUrl, as the
// comments of single.yaml ask.
func (v *serving) behindAWebServer() {
	v.t.Helper()
	target, err := url.Parse(v.public[0])
	if err != nil {
		v.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	c := certify(v.t, "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		v.t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(proxy)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	srv.StartTLS()
	v.t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	v.public = []string{"https://pictures.example.com"}
	v.http = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
		},
	}}
}

// list1 is a list as the environment has it.
func list1(entries ...string) string {
	raw, _ := json.Marshal(entries)
	return string(raw)
}

func TestTheDevFileDrawsWithTheMock(t *testing.T) {
	t.Parallel()
	v := ship(t, "dev").alone(t)
	if doc := v.draws(v.person(1), 1); doc.Degraded {
		t.Errorf("alone the mock is a model, and yet the task is degraded")
	}
}

func TestTheSingleFileDrawsAndGoesOnWhenBothVendorsFail(t *testing.T) {
	t.Parallel()
	s := ship(t, "single")
	desk := s.vendors(t, ownAddress(t))
	v := s.alone(t)
	v.behindAWebServer()
	p := v.person(1)
	if doc := v.draws(p, 1); doc.Degraded {
		t.Error("the vendors are well, and the mock stood in")
	}
	for _, vendor := range []string{"seedream", "qwen"} {
		if err := desk.Steer(t.Context(), vendor, "transient=1"); err != nil {
			t.Fatal(err)
		}
	}
	if doc := v.draws(p, 2); !doc.Degraded {
		t.Error("both vendors fail, and the task is not degraded")
	}
}

func TestAnOperatorWhoFollowsTheProductionFileGetsAFleetThatDraws(t *testing.T) {
	t.Parallel()
	s, own := ship(t, "production"), ownAddress(t)
	bucket := s3server.Start(t, "../..")
	bucket.Bucket(t, "pictures")
	desk := s.vendors(t, own)
	v, admin := s.fleet(t, own, bucket)
	p := v.person(0)
	doc := v.draws(p, 1)
	if !strings.HasPrefix(doc.Result.ImageURL, "https://cdn.example.com/") || doc.Degraded {
		t.Errorf("the picture is at %s, degraded %v", doc.Result.ImageURL, doc.Degraded)
	}
	if objects := bucket.Objects(t, "pictures"); !slices.ContainsFunc(objects, func(o string) bool { return strings.Contains(o, string(doc.TaskID)) && strings.HasSuffix(o, ".jpg") }) {
		t.Errorf("the picture is not in the bucket: %q", objects)
	}
	v.draws(v.person(1), 2) // at the other gateway
	wholeFleet(t, admin)
	thePromiseIsKept(t, v, admin, desk, p)
}

// wholeFleet waits until workers of both regions are there.
func wholeFleet(t *testing.T, admin *operator.Client) {
	t.Helper()
	err := rig.Retry(t.Context(), startPatience, 100*time.Millisecond, func(ctx context.Context) error {
		st, err := admin.Status(ctx)
		if err == nil && (st.Regions["cn-north"] != 1 || st.Regions["cn-east"] != 1 || st.Environment != "prod") {
			err = fmt.Errorf("%s, workers in %v", st.Environment, st.Regions)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// thePromiseIsKept lets the first choice of all tasks hang, and then break off:
// another model goes on by itself, with the values as they are shipped.
func thePromiseIsKept(t *testing.T, v *serving, admin *operator.Client, desk rig.Desk, p *person) {
	t.Helper()
	zero := 0
	for _, name := range []string{"qwen", "qianfan", "maas", "hunyuan"} {
		if _, err := admin.ChangeProvider(t.Context(), name, operator.ProviderPatch{Weight: &zero}, operator.Edit{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, trouble := range []struct {
		knobs  string
		within time.Duration
		first  task.Class // of the first attempt, when it has ended
		hedge  bool
	}{
		{"reset=1", 15 * time.Second, task.ClassNetwork, false},
		{"hang=1", 30 * time.Second, "", true},
	} {
		if err := desk.Steer(t.Context(), "seedream", trouble.knobs); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		doc := v.draws(p, 10+int64(len(trouble.knobs)))
		if took := time.Since(begun); took > trouble.within {
			t.Errorf("%s: the picture took %v", trouble.knobs, took)
		}
		rec, err := admin.Task(t.Context(), doc.TaskID)
		if err != nil {
			t.Fatal(err)
		}
		a := rec.Attempts
		if len(a) != 2 || a[0].Provider != "seedream" || a[1].Provider == "seedream" || a[1].Hedge != trouble.hedge || trouble.first != "" && a[0].Class != trouble.first {
			t.Errorf("%s: the attempts are %+v", trouble.knobs, a)
		}
	}
}

// fleet starts what the file describes: three engine nodes, two gateways, and
// workers in two regions. What differs from the file are addresses of this
// machine, and the ways to the certificates of this test.
func (s *shipped) fleet(t *testing.T, own string, bucket s3server.Server) (*serving, *operator.Client) {
	t.Helper()
	ports, err := rig.FreePorts(t.Context(), 8+rig.EnginePorts)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range ports[:8] {
		_, port, _ := net.SplitHostPort(p)
		host := own
		if i == 1 || i == 4 { // operators' listeners
			host = "127.0.0.1"
		}
		ports[i] = net.JoinHostPort(host, port)
	}
	c := certify(t, own)
	s.env["IMGFLEET_ENGINE_URL"] = s.nodes(t, ports[8:], c)
	s.env["IMGFLEET_FLEET_GATEWAYS"] = list1(ports[2], ports[5])
	s.env["IMGFLEET_STORE_OBS_ENDPOINT"] = "http://" + forward(t, own, strings.TrimPrefix(bucket.Endpoint, "http://"))
	s.env["IMGFLEET_STORE_OBS_SIGNATURE"], s.env["IMGFLEET_STORE_OBS_PATHSTYLE"], s.env["IMGFLEET_STORE_OBS_REGION"] = "v4", "true", s3server.Region
	s.env["OBS_AK"], s.env["OBS_SK"] = s3server.AccessKey, s3server.SecretKey
	s.env["IMGFLEET_CDN_ENDPOINT"], s.env["IMGFLEET_CDN_DOMAINID"] = cdntest.Start(t).Endpoint, cdntest.DomainID
	s.env["CDN_AK"], s.env["CDN_SK"] = cdntest.AccessKey, cdntest.SecretKey
	s.paths(t, c)
	v := &serving{t: t, file: s}
	for i, node := range []string{"a", "b"} {
		at := ports[3*i : 3*i+3]
		v.public = append(v.public, "http://"+at[0])
		v.start("gateway-"+node, rig.Gateway, map[string]string{
			"IMGFLEET_HTTP_NODE": node, "IMGFLEET_HTTP_LISTEN": at[0], "IMGFLEET_ADMIN_LISTEN": at[1], "IMGFLEET_FLEET_LISTEN": at[2], "IMGFLEET_DATA_DIR": t.TempDir(),
		})
	}
	for i, region := range []string{"cn-north", "cn-east"} {
		v.start("worker-"+region, rig.Worker, map[string]string{
			"IMGFLEET_WORKER_LISTEN": ports[6+i], "IMGFLEET_WORKER_ADVERTISE": ports[6+i], "IMGFLEET_WORKER_REGION": region,
		})
	}
	scheme := "http://"
	if s.has("admin.tls.cert") {
		scheme = "https://"
	}
	admin, err := operator.NewClient(operator.ClientConfig{Server: scheme + ports[1], Token: secret.New(s.env["ADMIN_TOKEN"]), Who: "the operator", Roots: c.pool})
	if err != nil {
		t.Fatal(err)
	}
	return v, admin
}

// paths points every file that the configuration names at the test's own.
func (s *shipped) paths(t *testing.T, c certificates) {
	t.Helper()
	files := map[string]string{".crt": c.cert, ".key": c.key}
	for _, l := range leaves(s.doc.Content[0], "") {
		switch v := l.value; {
		case v.Kind != yaml.ScalarNode || !slices.Contains([]string{".crt", ".key"}, filepath.Ext(v.Value)):
		case strings.HasSuffix(v.Value, "ca.crt"):
			v.Value = c.ca
		default:
			v.Value = files[filepath.Ext(v.Value)]
		}
	}
	s.path = s.write(t, &s.doc)
}

// has reports whether the file has a key.
func (s *shipped) has(path string) bool {
	return slices.ContainsFunc(leaves(s.doc.Content[0], ""), func(l leaf) bool { return l.path == path })
}

// nodes starts the engine that the file's comments ask for, and returns its
// address.
func (s *shipped) nodes(t *testing.T, ports []string, c certificates) string {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	clients, routes := ports[:rig.EngineNodes], ports[rig.EngineNodes:]
	scheme, proof := "nats://", []string(nil)
	if s.has("engine.tls.ca") {
		scheme, proof = "tls://", []string{"-tls-cert", c.cert, "-tls-key", c.key, "-tls-ca", c.ca}
	}
	for i := range rig.EngineNodes {
		name, dir := fmt.Sprintf("nats-%d", i+1), t.TempDir()
		n := rig.New(name, programs.Path(rig.Gateway), filepath.Join(dir, "log"), s.environ(nil), append([]string{
			"-engine-node", "-exit-with-stdin", "-name", name, "-listen", clients[i], "-cluster", routes[i], "-routes", strings.Join(routes, ","),
			"-dir", dir, "-token", "env:ENGINE_TOKEN", "-sync", "2s",
		}, proof...)...)
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.Kill)
	}
	return scheme + strings.Join(clients, ","+scheme)
}
