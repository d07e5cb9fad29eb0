package e2e_test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the CDN's signing is defined over it
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/cdntest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func storeEffects() []effect {
	return []effect{{
		"store.kind store.obs.endpoint store.obs.bucket store.obs.accessKey store.obs.secretKey store.obs.securityToken store.obs.signature store.obs.pathStyle store.obs.region " +
			"cdn.baseUrl cdn.signingKey cdn.validity cdn.accessKey cdn.secretKey cdn.domainId cdn.enterpriseProject cdn.endpoint",
		seeBucket,
	}}
}

// seeBucket has a bucket that refuses wrong keys, and a CDN's API that does.
func seeBucket(t *testing.T) {
	bucket, domain := s3server.Start(t, "../.."), cdntest.Start(t)
	bucket.Bucket(t, bucketName)
	s := gatewayWith(t, section{
		"store": bucketOf(bucket),
		"cdn": section{
			"baseUrl": "https://cdn.example.com", "signingKey": "env:CDN_KEY", "validity": "100h", "endpoint": domain.Endpoint,
			"accessKey": cdntest.AccessKey, "secretKey": cdntest.SecretKey, "domainId": cdntest.DomainID, "enterpriseProject": "seventh",
		},
	}, "CDN_KEY=abcdef123456")
	s.workerWith(t, quick())
	p := s.person(t, 1)
	doc := p.finish(t, p.submit(t, 1).TaskID)
	if doc.Result == nil {
		t.Fatalf("no picture: %+v", doc)
	}
	if !strings.HasPrefix(p.upload.FileURL, bucket.Endpoint+"/"+bucketName+"/") || !strings.Contains(p.upload.FileURL, s3server.AccessKey+"%2F") || !strings.Contains(p.upload.FileURL, s3server.Region) {
		t.Errorf("store.obs: the photo is at %s", p.upload.FileURL)
	}
	at, err := url.Parse(doc.Result.ImageURL)
	if err != nil || at.Host != "cdn.example.com" {
		t.Fatalf("cdn.baseUrl: the picture is at %s", doc.Result.ImageURL)
	}
	start, sum, _ := strings.Cut(at.Query().Get("auth_key"), "-0-0-")
	want := md5.Sum([]byte(at.EscapedPath() + "-" + start + "-0-0-abcdef123456")) //nolint:gosec // as above
	if sum != hex.EncodeToString(want[:]) {
		t.Errorf("cdn.signingKey: the signature is %q", at.RawQuery)
	}
	if from, _ := strconv.ParseInt(start, 10, 64); time.Since(time.Unix(from, 0)) < 70*time.Hour { // it ends a day from now
		t.Errorf("cdn.validity: the signature begins at %v", time.Unix(from, 0))
	}
	if _, err := p.Delete(t.Context(), doc.TaskID); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { // the API takes requests of its own keys only
		return slices.ContainsFunc(domain.Tasks(), func(r cdntest.Task) bool { return r.Project == "seventh" })
	})
	seeToken(t)
}

// seeToken looks for the security token in what the gateway asks a bucket.
func seeToken(t *testing.T) {
	t.Helper()
	tokens := make(chan string, 100)
	bucket := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case tokens <- r.Header.Get("X-Amz-Security-Token"):
		default:
		}
	}))
	t.Cleanup(bucket.Close)
	at, err := rig.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	store := laid(bucketOf(s3server.Server{Endpoint: bucket.URL}), section{"obs": section{"securityToken": "a-token-of-the-bucket"}})
	startByHand(t, rig.Gateway, section{
		"http": section{"listen": at[0]}, "admin": section{"listen": at[1]}, "fleet": section{"listen": at[2]}, "data": section{"dir": t.TempDir()}, "store": store,
	})
	select {
	case got := <-tokens:
		if got != "a-token-of-the-bucket" {
			t.Errorf("store.obs.securityToken: the bucket is asked with %q", got)
		}
	case <-time.After(startPatience):
		t.Error("store.obs.securityToken: the bucket is not asked")
	}
}

// quick draws at once.
func quick() section {
	return section{"providers": []section{{"name": "mock", "kind": "mock", "model": "picture=copy"}}}
}

func workerEffects() []effect {
	return []effect{
		{"fleet.listen fleet.token fleet.gateways worker.listen worker.advertise worker.region worker.capacity worker.admin.listen worker.metrics picture.decoders picture.decoderMemory", seeWorker},
		{"worker.drain limits.taskTimeout", seeDrain},
		{"worker.spool worker.spoolSize", seeSpool},
		{"tls.cert tls.key tls.clientCA", seeIdentity},
		{"label.contentProducer label.contentPropagator", seeLabel},
		{"moderation.words moderation.wordsFile http.internalUrl", seeWords},
		{"dispatch.region providers[].region", seeRegion},
		{"dispatch.budgetAlarm", seeBudgetAlarm},
	}
}

// onlyWorker waits for the one worker of a site.
func onlyWorker(t *testing.T, c *operator.Client) (w operator.Worker) {
	t.Helper()
	eventually(t, func() bool {
		list, err := c.Workers(t.Context())
		if err == nil && len(list) == 1 {
			w = list[0]
		}
		return w.Present
	})
	return w
}

func seeWorker(t *testing.T) {
	at, err := rig.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	port := at[0][strings.LastIndex(at[0], ":"):]
	s := gatewayWith(t, section{"fleet": section{"token": "env:FLEET"}}, "FLEET=a-secret-of-the-fleet")
	stranger := startByHand(t, rig.Worker, section{"fleet": section{"gateways": []string{s.fleet}, "token": "another"}, "worker": section{"region": "far"}})
	w := s.workerWith(t, section{
		"fleet":   section{"token": "env:FLEET"},
		"worker":  section{"listen": at[0], "advertise": "localhost" + port, "region": "seventh", "capacity": 7, "admin": section{"listen": at[1]}},
		"picture": section{"decoders": 3, "decoderMemory": "300MiB"},
	})
	eventually(t, func() bool { return strings.Contains(stranger.said(), string(fault.FleetTokenInvalid)) })
	got := onlyWorker(t, s.operators(t, "")) // the stranger is not among them
	if got.Address != "localhost"+port || got.Region != "seventh" || got.Capacity != 7 || !listens(t, at[0]) {
		t.Errorf("the worker is %+v", got)
	}
	s.workerWith(t, section{"fleet": section{"token": "env:FLEET"}, "worker": section{"region": "old", "metrics": at[2]}})
	for key, addr := range map[string]string{"worker.admin.listen": at[1], "worker.metrics": at[2]} {
		for _, path := range []string{"/metrics", "/livez", "/readyz"} {
			eventually(t, func() bool { return listens(t, addr) })
			if resp, _ := answer(t, http.MethodGet, "http://"+addr+path, ""); resp.StatusCode != http.StatusOK && path != "/readyz" {
				t.Errorf("%s: %s is %d", key, path, resp.StatusCode)
			}
		}
	}
	for _, fact := range []string{`"processes":3`, `"memory":` + strconv.Itoa(300<<20)} {
		if !strings.Contains(w.said(), fact) {
			t.Errorf("picture.decoders, picture.decoderMemory: no %s in\n%s", fact, tail(w.said()))
		}
	}
}

// seeSpool has a folder that takes nothing.
func seeSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	s := gatewayWith(t, section{})
	w := s.workerWith(t, section{"worker": section{"spool": dir, "spoolSize": 0}, "providers": []section{{"name": "mock", "kind": "mock", "model": "latency=10ms"}}})
	p := s.person(t, 1)
	if doc := p.finish(t, p.submit(t, 1).TaskID); doc.State != task.Succeeded {
		t.Errorf("worker.spoolSize: the task is %s", doc.State)
	}
	if is, err := os.Stat(dir); err != nil || is.Mode().Perm() != 0o700 {
		t.Errorf("worker.spool: %v, %v", is, err)
	}
	if !strings.Contains(w.said(), "kept in memory only") {
		t.Errorf("worker.spoolSize: nothing is said of a full spool:\n%s", tail(w.said()))
	}
}

func seeDrain(t *testing.T) {
	s := gatewayWith(t, section{"limits": section{"taskTimeout": "3s"}})
	w := s.workerWith(t, section{"worker": section{"drain": "1s"}, "providers": []section{{"name": "mock", "kind": "mock", "model": "latency=1h"}}})
	p := s.person(t, 1)
	made := p.submit(t, 1)
	eventually(t, func() bool { d, err := p.Get(t.Context(), made.TaskID); return err == nil && d.State == task.Running })
	stopped := time.Now()
	ended := w.Signal(syscall.SIGTERM)
	<-ended
	if took := time.Since(stopped); took > 30*time.Second { // 70 s by default
		t.Errorf("worker.drain: it drained for %v", took)
	}
	if doc := p.finish(t, made.TaskID); doc.State != task.Expired {
		t.Errorf("limits.taskTimeout: the task is %s", doc.State)
	}
}

func seeIdentity(t *testing.T) {
	files := identity(t)
	s := gatewayWith(t, section{"tls": files})
	stranger := s.workerWith(t, section{"worker": section{"region": "far"}})
	s.workerWith(t, section{"tls": files, "worker": section{"region": "near"}})
	if got := onlyWorker(t, s.operators(t, "")); got.Region != "near" {
		t.Errorf("a worker without a certificate is there: %+v\n%s", got, tail(stranger.said()))
	}
}

func seeLabel(t *testing.T) {
	s := gatewayWith(t, nil)
	s.workerWith(t, laid(quick(), section{"label": section{"contentProducer": "SEVENTHPRODUCER", "contentPropagator": "SEVENTHPROPAGATOR"}}))
	p := s.person(t, 1)
	doc := p.finish(t, p.submit(t, 1).TaskID)
	picture := p.fetch(t, "http://"+s.http+doc.Result.ImageURL)
	for _, name := range []string{"SEVENTHPRODUCER", "SEVENTHPROPAGATOR"} {
		if !bytes.Contains(picture, []byte(name)) {
			t.Errorf("label: the picture does not tell %s", name)
		}
	}
}

func seeWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(file, []byte("acme corp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	at, err := rig.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	inside := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		asked.Add(1)
		r.SetURL(&url.URL{Scheme: "http", Host: at[0]})
	}})
	t.Cleanup(inside.Close)
	s := gatewayWith(t, section{
		"http": section{"listen": at[0], "internalUrl": inside.URL}, "moderation": section{"words": []string{"Rival"}, "wordsFile": file},
	})
	s.workerWith(t, quick())
	p := s.person(t, 1)
	for note, key := range map[string]string{"a rival": "moderation.words", "by Acme  Corp": "moderation.wordsFile"} {
		body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q,"options":{"note":%q}}`, p.upload.UploadID, styleID, placeID, note)
		if status, problem := raw(t, p.Token(), http.MethodPost, "http://"+s.http+"/tasks", body); problem.Code != fault.NoteRefused {
			t.Errorf("%s: a note gets %d %s", key, status, problem.Code)
		}
	}
	if asked.Load() == 0 {
		t.Error("http.internalUrl: the worker fetched the photo elsewhere")
	}
}

func seeRegion(t *testing.T) {
	s := gatewayWith(t, section{"dispatch": section{"region": "near"}, "providers": []section{{"name": "mock", "kind": "mock"}, {"name": "other", "kind": "mock", "region": "far", "weight": 0}}})
	list := []section{{"name": "mock", "kind": "mock", "model": "picture=copy"}, {"name": "other", "kind": "mock", "region": "far"}}
	for _, region := range []string{"near", "far"} {
		s.workerWith(t, section{"worker": section{"region": region}, "providers": list})
	}
	operators := s.operators(t, "")
	eventually(t, func() bool { w, err := operators.Workers(t.Context()); return err == nil && len(w) == 2 })
	workers, err := operators.Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workers {
		if slices.Contains(w.Providers, "other") != (w.Region == "far") {
			t.Errorf("providers[].region: the worker of %s calls %v", w.Region, w.Providers)
		}
	}
	p := s.person(t, 1)
	for seed := range int64(3) {
		id := p.submit(t, seed).TaskID
		p.finish(t, id)
		doc, err := operators.Task(t.Context(), id)
		if err != nil || len(doc.Attempts) == 0 || !strings.HasPrefix(doc.Attempts[0].Worker, "near") {
			t.Errorf("dispatch.region: %+v, %v", doc, err)
		}
	}
}

func seeBudgetAlarm(t *testing.T) {
	s := gatewayWith(t, section{"dispatch": section{"budgetAlarm": 0.01}, "providers": []section{{"name": "mock", "kind": "mock", "priceFen": 10}}})
	s.workerWith(t, quick())
	operators := s.operators(t, "")
	if _, err := operators.SetBudgets(t.Context(), map[string]int64{"*": 500}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	p := s.person(t, 1)
	p.finish(t, p.submit(t, 1).TaskID)
	eventually(t, func() bool { // a fiftieth is spent
		st, err := operators.Status(t.Context())
		return err == nil && slices.ContainsFunc(st.Alarms, func(a operator.Alarm) bool { return strings.Contains(fmt.Sprint(a), "budget") })
	})
}

func providerEffects() []effect {
	return []effect{
		{"providers[].name providers[].kind providers[].baseUrl providers[].apiKey providers[].model providers[].weight providers[].maxConcurrent providers[].priceFen providers[].timeout providers[].proxy providers[].dialect providers[].imageField fallback.noticeAfter", seeProvider},
	}
}

// seeProvider has a server that never answers, behind a proxy that listens.
func seeProvider(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	silent := make(chan struct{})
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		dump, _ := httputil.DumpRequest(r, true)
		mu.Lock()
		heard = append(heard, r.URL.String()+"\n"+string(dump))
		mu.Unlock()
		select {
		case <-silent:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(silent); proxy.Close() })
	one := section{"name": "seventh", "kind": "openai", "weight": 7, "maxConcurrent": 5, "priceFen": 3, "timeout": "3s", "model": "gpt-image-7"}
	s := gatewayWith(t, section{"providers": []section{one}, "fallback": section{"noticeAfter": "1s"}})
	s.workerWith(t, section{"providers": []section{laid(one, section{
		"baseUrl": "http://192.0.2.7/v1", "apiKey": "a-key-of-the-vendor", "proxy": proxy.URL, "dialect": "maas", "imageField": "seventhField",
	})}})
	p := s.person(t, 1)
	made := p.submit(t, 1)
	eventually(t, func() bool {
		d, err := p.Get(t.Context(), made.TaskID)
		return err == nil && (d.Stage == task.StageSlow || d.State.Terminal())
	})
	began := time.Now()
	if doc := p.finish(t, made.TaskID); doc.State != task.Failed || time.Since(began) > 30*time.Second { // a minute by default
		t.Errorf("providers[].timeout, fallback.noticeAfter: %+v after %v", doc, time.Since(began))
	}
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(heard, "\n")
	for _, want := range []string{"http://192.0.2.7/v1/", "Bearer a-key-of-the-vendor", "gpt-image-7", "seventhField"} {
		if !strings.Contains(all, want) {
			t.Errorf("the vendor was not asked with %s:\n%.2000s", want, all)
		}
	}
	list, err := s.operators(t, "").Providers(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "seventh" || list[0].Kind != "openai" || list[0].ConfiguredWeight != 7 || list[0].MaxConcurrent != 5 || list[0].PriceFen != 3 {
		t.Errorf("providers: %+v, %v", list, err)
	}
}
