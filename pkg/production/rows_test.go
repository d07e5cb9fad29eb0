package production

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

// good is a configuration that prod takes, with every listener beyond
// loopback.
func good() Facts {
	return Facts{
		Environment: Prod,
		Listeners: []Listener{
			{Key: "http.listen", Address: "0.0.0.0:8080"},
			{Key: "admin.listen", Address: ":8081", Proof: Both, TLS: true, Token: true},
			{Key: "fleet.listen", Address: "[::]:8082", Proof: Mutual, TLS: true},
			{Key: "engine.listen", Address: "10.0.0.5:4222", Proof: Both, TLS: true, Token: true},
		},
		Secrets:   []secret.Named{{Key: "admin.token", Ref: secret.NewRef("env:ADMIN")}, {Key: "engine.url", Ref: secret.NewURL("tls://host").Ref}},
		Links:     []Link{{"http.publicUrl", "https://host"}, {"cdn.baseUrl", ""}},
		Providers: []Provider{{Name: "mock"}, {Name: "real", Real: true, Priced: true}},
		Egress:    []string{"cdn.example.com", "10.0.0.0/8", "192.168.1.1", "0.0.0.0/0"},
	}
}

func TestEveryRowRefusesWhatItSays(t *testing.T) {
	t.Parallel()
	if err := good().Validate(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	for name, x := range map[string]struct {
		spoil func(*Facts)
		says  string
	}{
		"admin without TLS":     {func(f *Facts) { f.Listeners[1].TLS = false }, "admin.listen: :8081 is not loopback, so prod asks for admin.tls.cert"},
		"admin without a token": {func(f *Facts) { f.Listeners[1].Token = false }, "so prod asks for admin.token"},
		"engine without TLS":    {func(f *Facts) { f.Listeners[3].TLS = false }, "engine.tls.cert"},
		"engine without both":   {func(f *Facts) { f.Listeners[3].TLS, f.Listeners[3].Token = false, false }, "engine.token"},
		"fleet without TLS":     {func(f *Facts) { f.Listeners[2].TLS, f.Listeners[2].Token = false, true }, "fleet.listen: [::]:8082 is not loopback"},
		"a literal secret":      {func(f *Facts) { f.Secrets[0].Ref = secret.NewRef("hunter2") }, "admin.token: holds the secret itself"},
		"a password in a URL":   {func(f *Facts) { f.Secrets[1].Ref = secret.NewURL("nats://me:hunter2@host").Ref }, "engine.url: holds the secret itself"},
		"a plain public URL":    {func(f *Facts) { f.Links[0].URL = "http://host" }, "http.publicUrl: must begin with https://"},
		"a plain CDN":           {func(f *Facts) { f.Links[1].URL = "//host" }, "cdn.baseUrl: must begin with https://"},
		"no price":              {func(f *Facts) { f.Providers[1].Priced = false }, "providers[1].priceFen: is missing"},
		"no real provider":      {func(f *Facts) { f.Providers = f.Providers[:1] }, "providers: only the mock is there"},
		"nobody hears of it":    {func(f *Facts) { f.Lacks = []Lack{{"fleet.gateways", "something"}} }, "fleet.gateways: must be something"},
		"egress to loopback":    {func(f *Facts) { f.Egress = []string{"127.0.0.0/8"} }, "egress.allow[0]: "},
		"egress to a name":      {func(f *Facts) { f.Egress = []string{"a.example", "LocalHost."} }, "egress.allow[1]: "},
		"egress to IPv6":        {func(f *Facts) { f.Egress = []string{"::1"} }, "egress.allow[0]: "},
		"egress mapped":         {func(f *Facts) { f.Egress = []string{"::ffff:127.0.0.2"} }, "egress.allow[0]: "},
		"egress to 0.0.0.0":     {func(f *Facts) { f.Egress = []string{"0.0.0.0"} }, "egress.allow[0]: "},
	} {
		f := good()
		x.spoil(&f)
		err := f.Validate()
		if err == nil || !strings.Contains(err.Error(), x.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", name, err, x.says)
		}
		f.Environment = Dev
		if err := f.Validate(); (err != nil) != (name == "fleet without TLS") {
			t.Errorf("%s in dev: %v", name, err)
		}
	}
}

func TestTheEnvironmentIsSaidWhereOthersReachAListener(t *testing.T) {
	t.Parallel()
	for address, beyond := range map[string]bool{
		"127.0.0.1:80": false, "127.1.2.3:80": false, "[::1]:80": false, "localhost:80": false, "LOCALHOST:80": false, "[::ffff:127.0.0.1]:80": false, "": false,
		":80": true, "0.0.0.0:80": true, "[::]:80": true, "10.0.0.5:80": true, "host:80": true, "127.0.0.1.example:80": true,
	} {
		for _, proof := range []Proof{Nothing, Both} {
			f := Facts{Listeners: []Listener{{Key: "x.listen", Address: address, Proof: proof}}}
			if err := f.Validate(); (err != nil) != beyond || beyond && !strings.Contains(err.Error(), "environment: must be said") {
				t.Errorf("%q: %v", address, err)
			}
			f.Environment = Dev
			if err := f.Validate(); err != nil {
				t.Errorf("%q in dev: %v", address, err)
			}
		}
	}
	if err := (Facts{Environment: "production"}).Validate(); err == nil || !strings.Contains(err.Error(), "environment: must be dev or prod") {
		t.Errorf("got %v", err)
	}
}

// The guide shows these rows, in this order, and no others.
func TestTheGuideShowsTheTable(t *testing.T) {
	t.Parallel()
	for file, chinese := range map[string]bool{"operating.md": false, "operating.zh-CN.md": true} {
		text, err := os.ReadFile("../../deploy/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, r := range Rows() {
			want = append(want, r.Describe(chinese))
		}
		_, table, _ := strings.Cut(string(text), "environment: prod")
		_, table, _ = strings.Cut(table, "|--|--|\n")
		for line := range strings.Lines(table) {
			if !strings.HasPrefix(line, "|") {
				break
			}
			got = append(got, strings.TrimSpace(line))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s shows\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
