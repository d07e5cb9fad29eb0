package obs

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const doubleHost = "obs.cn-north-4.example.com"

// double is as much of OBS as the driver uses, kept in memory. It believes no
// request that is not signed as OBS's documentation says: HMAC-SHA1 over
// method, Content-MD5, Content-Type, date, x-obs- headers and resource.
type double struct {
	server  *httptest.Server
	lock    sync.Mutex
	objects map[string]object
	rules   map[string][]byte // sub-resources of buckets
	known   pair              // the keys that it believes
	mute    bool              // reads are refused
}

// pair are keys, with the token that must come with temporary ones.
type pair struct{ access, secret, token string }

type object struct {
	body   []byte
	header http.Header
	at     time.Time
}

func startDouble(t *testing.T) *double {
	t.Helper()
	d := &double{objects: map[string]object{}, rules: map[string][]byte{}, known: pair{access: testAccess, secret: testSecret}}
	d.server = httptest.NewServer(d)
	t.Cleanup(d.server.Close)
	return d
}

// open gives a driver a bucket of its own; the name of every host leads to
// the double.
func (d *double) open(t *testing.T) *Bucket {
	t.Helper()
	return d.openAs(t, nil)
}

// trust believes the nth temporary keys and no others.
func (d *double) trust(n int) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.known.access, d.known.secret, d.known.token = key(n)
}

// openAs opens a bucket with a machine's keys, when there is one.
func (d *double) openAs(t *testing.T, machine *agency) *Bucket {
	t.Helper()
	c := Defaults()
	c.Endpoint, c.Bucket, c.AccessKey, c.SecretKey = "http://"+doubleHost, "b-"+task.NewID(), secret.New(testAccess), secret.New(testSecret)
	if machine != nil {
		c.Credentials, c.AccessKey, c.SecretKey = CredentialsECS, secret.Value{}, secret.Value{}
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, d.server.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	b, err := open(t.Context(), c, slog.New(slog.DiscardHandler), machine, transport)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// silence refuses every read.
func (d *double) silence(mute bool) {
	d.lock.Lock()
	defer d.lock.Unlock()
	d.mute = mute
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	bucket, ok := strings.CutSuffix(host, "."+doubleHost)
	d.lock.Lock()
	defer d.lock.Unlock()
	if !ok || !d.known.signed(r, bucket) {
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	q, key := r.URL.Query(), strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case key == "" && r.Method == http.MethodHead:
	case q.Has("delete"):
		d.delete(w, r, bucket)
	case d.mute && r.Method == http.MethodGet:
		refuse(w, http.StatusForbidden, "AccessDenied")
	case q.Has("lifecycle"), q.Has("cors"):
		d.subresource(w, r, bucket)
	case key == "":
		d.list(w, q, bucket)
	case r.Method == http.MethodPut:
		d.put(w, r, bucket+"/"+key)
	case r.Method == http.MethodDelete:
		delete(d.objects, bucket+"/"+key)
		w.WriteHeader(http.StatusNoContent)
	default:
		d.get(w, r, bucket+"/"+key)
	}
}

// signed checks the header or the query, whichever there is.
func (p pair) signed(r *http.Request, bucket string) bool {
	q := r.URL.Query()
	var mac, date string
	if q.Has("Signature") {
		mac, date = q.Get("Signature"), q.Get("Expires")
		if until, err := strconv.ParseInt(date, 10, 64); err != nil || time.Now().Unix() > until || q.Get("AccessKeyId") != p.access || q.Get("x-obs-security-token") != p.token {
			return false
		}
	} else {
		var ok bool
		date = r.Header.Get("Date")
		if mac, ok = strings.CutPrefix(r.Header.Get("Authorization"), "OBS "+p.access+":"); !ok || r.Header.Get("X-Obs-Security-Token") != p.token {
			return false
		}
	}
	lines := []string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), date}
	var own []string
	for k, v := range r.Header {
		if k = strings.ToLower(k); strings.HasPrefix(k, "x-obs-") {
			own = append(own, k+":"+strings.Join(v, ","))
		}
	}
	slices.Sort(own)
	lines = append(append(lines, own...), resource(r, bucket))
	h := hmac.New(sha1.New, []byte(p.secret))
	h.Write([]byte(strings.Join(lines, "\n")))
	return mac == base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func resource(r *http.Request, bucket string) string {
	var sub []string
	for k, v := range r.URL.Query() {
		if slices.Contains([]string{"delete", "lifecycle", "cors"}, k) {
			sub = append(sub, k)
		} else if strings.HasPrefix(k, "response-") || strings.HasPrefix(k, "x-obs-") {
			sub = append(sub, k+"="+v[0])
		}
	}
	slices.Sort(sub)
	s := "/" + bucket + r.URL.EscapedPath()
	if len(sub) > 0 {
		s += "?" + strings.Join(sub, "&")
	}
	return s
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

func (d *double) put(w http.ResponseWriter, r *http.Request, key string) {
	o := object{header: http.Header{}, at: time.Now().UTC().Truncate(time.Second)}
	for k, v := range r.Header {
		if k == "Content-Type" || k == "Cache-Control" || k == "X-Obs-Expires" || strings.HasPrefix(k, "X-Obs-Meta-") {
			o.header[k] = v
		}
	}
	if source := r.Header.Get("X-Obs-Copy-Source"); source != "" {
		source, _ = url.PathUnescape(source)
		from, ok := d.objects[source]
		if !ok {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		o.body = from.body
		d.objects[key] = o
		fmt.Fprintf(w, "<CopyObjectResult><LastModified>%s</LastModified><ETag>%s</ETag></CopyObjectResult>", o.at.Format(time.RFC3339), o.tag())
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	o.body = body
	d.objects[key] = o
	w.Header().Set("ETag", o.tag())
}

func (o object) tag() string {
	sum := md5.Sum(o.body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (d *double) get(w http.ResponseWriter, r *http.Request, key string) {
	o, ok := d.objects[key]
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	for k, v := range o.header {
		w.Header()[k] = v
	}
	if c := r.URL.Query().Get("response-cache-control"); c != "" {
		w.Header().Set("Cache-Control", c)
	}
	w.Header().Set("ETag", o.tag())
	http.ServeContent(w, r, "", o.at, bytes.NewReader(o.body))
}

func (d *double) list(w http.ResponseWriter, q url.Values, bucket string) {
	type entry struct {
		Key          string
		LastModified string
		ETag         string
		Size         int
	}
	out := struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []entry
	}{}
	for k, o := range d.objects {
		if key, ok := strings.CutPrefix(k, bucket+"/"); ok && strings.HasPrefix(key, q.Get("prefix")) && key > q.Get("marker") {
			out.Contents = append(out.Contents, entry{key, o.at.Format(time.RFC3339), o.tag(), len(o.body)})
		}
	}
	slices.SortFunc(out.Contents, func(a, b entry) int { return strings.Compare(a.Key, b.Key) })
	const few = 2 // a short page shows whether the next one is asked for
	if len(out.Contents) > few {
		out.Contents, out.IsTruncated = out.Contents[:few], true
	}
	_ = xml.NewEncoder(w).Encode(out)
}

func (d *double) delete(w http.ResponseWriter, r *http.Request, bucket string) {
	var in struct {
		Object []struct{ Key string }
	}
	if err := xml.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	for _, o := range in.Object {
		delete(d.objects, bucket+"/"+o.Key)
	}
	fmt.Fprint(w, "<DeleteResult></DeleteResult>")
}

func (d *double) subresource(w http.ResponseWriter, r *http.Request, bucket string) {
	key := bucket + "?" + strings.SplitN(r.URL.RawQuery, "=", 2)[0]
	if r.Method == http.MethodPut {
		d.rules[key], _ = io.ReadAll(r.Body)
		return
	}
	if rules, ok := d.rules[key]; ok {
		_, _ = w.Write(rules)
		return
	}
	refuse(w, http.StatusNotFound, "NoSuchConfiguration")
}

func foreign() sdk.CreateSignedUrlInput {
	return sdk.CreateSignedUrlInput{Method: sdk.HttpMethodPut, Key: "holiday.jpg", Headers: map[string]string{"Content-Type": "text/plain"}}
}

// list names all that is in a bucket.
func list(t *testing.T, b *Bucket) []string {
	t.Helper()
	var all []string
	if _, err := b.clean(t.Context(), "", func(c sdk.Content) bool {
		all = append(all, c.Key)
		return false
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheBucketGetsOurRulesOnceAndKeepsOthers(t *testing.T) {
	t.Parallel()
	d := startDouble(t)
	b := d.open(t)
	client, err := b.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	theirs := sdk.LifecycleRule{ID: "theirs", Prefix: "logs/", Status: sdk.RuleStatusEnabled, Expiration: sdk.Expiration{Days: 90}}
	in := &sdk.SetBucketLifecycleConfigurationInput{Bucket: b.config.Bucket}
	in.LifecycleRules = []sdk.LifecycleRule{theirs}
	if _, err := client.SetBucketLifecycleConfiguration(in); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.rule(client)
		now, err := client.GetBucketLifecycleConfiguration(b.config.Bucket)
		if err != nil || len(now.LifecycleRules) != 1+len(roots)+1 {
			t.Fatalf("rules: %+v, %v", now, err)
		}
		if r := now.LifecycleRules; r[0].ID != "theirs" || r[1].Prefix != uploadsRoot || r[1].Expiration.Days != 2 {
			t.Errorf("rules: %+v", r)
		}
	}
	cors, err := client.GetBucketCors(b.config.Bucket)
	if err != nil || len(cors.CorsRules) != 1 {
		t.Errorf("cors: %+v, %v", cors, err)
	}
}

// A gateway with a shorter retention takes nothing from the others, and one
// that gets no answer replaces nothing.
func TestTheBucketsRulesAreNeverWeakened(t *testing.T) {
	t.Parallel()
	d := startDouble(t)
	b := d.open(t)
	client, err := b.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	days := func() (all []int) {
		now, err := client.GetBucketLifecycleConfiguration(b.config.Bucket)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range now.LifecycleRules {
			all = append(all, r.Expiration.Days)
		}
		return all
	}
	longer, shorter := *b, *b
	longer.config.Retention, shorter.config.Retention = 20*24*time.Hour, time.Hour
	longer.rule(client)
	before := days()
	shorter.rule(client)
	if after := days(); !slices.Equal(before, after) || after[0] < 20 {
		t.Errorf("days were %v, are %v", before, after)
	}
	theirs := sdk.LifecycleRule{ID: "theirs", Prefix: "logs/", Status: sdk.RuleStatusEnabled, Expiration: sdk.Expiration{Days: 90}}
	in := &sdk.SetBucketLifecycleConfigurationInput{Bucket: b.config.Bucket}
	in.LifecycleRules = []sdk.LifecycleRule{theirs}
	if _, err := client.SetBucketLifecycleConfiguration(in); err != nil {
		t.Fatal(err)
	}
	d.silence(true)
	b.rule(client)
	d.silence(false)
	if got := days(); !slices.Equal(got, []int{90}) {
		t.Errorf("after a read that failed the rules are %v days", got)
	}
}

func TestObjectsExpireByThemselvesInOBS(t *testing.T) {
	t.Parallel()
	d := startDouble(t)
	b := d.open(t)
	key := task.NewID() + "/uploads/u/photo.jpg"
	put(t, b, key)
	d.lock.Lock()
	defer d.lock.Unlock()
	if got := d.objects[b.config.Bucket+"/"+name(key)].header; got.Get("X-Obs-Expires") != "2" || got.Get("Content-Type") != "image/jpeg" {
		t.Errorf("header = %v", got)
	}
}

// What a client writes by a signed URL ends by itself too: the day is signed,
// so that no client can leave it out or choose another.
func TestUploadsExpireByThemselvesInOBS(t *testing.T) {
	t.Parallel()
	d := startDouble(t)
	b := d.open(t)
	key := task.NewID() + "/uploads/" + task.NewID() + "/raw"
	url, headers := upload(t, b, key, 5)
	for what, change := range map[string]func(map[string]string){
		"none":    func(h map[string]string) { delete(h, expiresHeader) },
		"another": func(h map[string]string) { h[expiresHeader] = "3650" },
	} {
		wrong := maps.Clone(headers)
		change(wrong)
		if code := sendWith(t, b, url, wrong, "12345"); code != http.StatusForbidden {
			t.Errorf("%s: %d", what, code)
		}
	}
	if code := sendWith(t, b, url, headers, "12345"); code != http.StatusOK {
		t.Fatalf("put: %d", code)
	}
	d.lock.Lock()
	defer d.lock.Unlock()
	if got := d.objects[b.config.Bucket+"/"+name(key)].header; got.Get("X-Obs-Expires") != "2" {
		t.Errorf("header = %v", got)
	}
}
