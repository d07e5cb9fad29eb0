package config

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample has every shape that a program's configuration has.
type sample struct {
	Environment string        `config:"environment"`
	Retention   time.Duration `config:"retention"`
	HTTP        struct {
		Listen         string         `config:"listen"`
		CORSOrigins    []string       `config:"corsOrigins"`
		TrustedProxies []netip.Prefix `config:"trustedProxies"`
	} `config:"http"`
	Limits struct {
		SessionDaily   int64 `config:"sessionDaily"`
		MaxUploadBytes int64 `config:"maxUploadBytes" unit:"bytes"`
		Body           Bytes `config:"body"`
	} `config:"limits"`
	Providers []provider `config:"providers"`
	Engine    struct {
		Sync Sync `config:"sync"`
	} `config:"engine"`
	Fallback struct {
		Mock *bool `config:"mock"`
	} `config:"fallback"`
	Cost    map[string]float64 `config:"cost"`
	Runtime string             // not configuration
}

type provider struct {
	Name    string        `config:"name"`
	APIKey  Ignored       `config:"apiKey"`
	Weight  uint16        `config:"weight"`
	Timeout time.Duration `config:"timeout"`
}

func defaults() *sample {
	s := &sample{Environment: "dev", Retention: 24 * time.Hour, Runtime: "kept"}
	s.Limits.SessionDaily = 20
	s.HTTP.Listen = "127.0.0.1:8080"
	s.Providers = []provider{{Name: "mock"}}
	return s
}

// fileWith writes a configuration file and gives its name.
func fileWith(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "imgfleet.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFlagsBeatEnvironmentBeatsFileBeatsDefaults(t *testing.T) {
	t.Parallel()
	file := fileWith(t, "environment: prod\nlimits: {sessionDaily: 30}\nhttp:\n  listen: file:1\n")
	tests := []struct {
		name           string
		environ        []string
		flags          map[string]string
		listen         string
		wantRunsInProd string
	}{
		{"the file over defaults", nil, nil, "file:1", "prod"},
		{"the environment over the file", []string{"IMGFLEET_HTTP_LISTEN=env:1"}, nil, "env:1", "prod"},
		{"flags over all", []string{"IMGFLEET_HTTP_LISTEN=env:1"}, map[string]string{"http.listen": "flag:1"}, "flag:1", "prod"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := defaults()
			if err := Load(s, Options{File: file, Environ: tt.environ, Flags: tt.flags}); err != nil {
				t.Fatal(err)
			}
			if s.HTTP.Listen != tt.listen || s.Environment != tt.wantRunsInProd || s.Limits.SessionDaily != 30 {
				t.Errorf("got %+v", s)
			}
			if s.Retention != 24*time.Hour || s.Runtime != "kept" {
				t.Errorf("what nobody set has changed: %+v", s)
			}
		})
	}
}

func TestEveryShapeOfValueIsRead(t *testing.T) {
	t.Parallel()
	s := defaults()
	err := Load(s, Options{File: fileWith(t, `
retention: 48h
http:
  corsOrigins: [https://a.example, https://b.example]
  trustedProxies: [10.0.0.0/8]
limits:
  maxUploadBytes: 64MiB
  body: 1 MB
  sessionDaily: 1_000
providers:
  - {name: seedream, apiKey: file:/run/key, weight: 3, timeout: 90s}
  - name: dashscope
engine: {sync: 1s}
fallback: {mock: false}
cost: {seedream: 0.5}
`)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Limits.MaxUploadBytes != 64<<20 || s.Limits.Body != 1e6 || s.Limits.SessionDaily != 1000 {
		t.Errorf("limits = %+v", s.Limits)
	}
	if !slices.Equal(s.HTTP.CORSOrigins, []string{"https://a.example", "https://b.example"}) || s.HTTP.TrustedProxies[0] != netip.MustParsePrefix("10.0.0.0/8") {
		t.Errorf("http = %+v", s.HTTP)
	}
	if len(s.Providers) != 2 || s.Providers[0].Weight != 3 || s.Providers[0].Timeout != 90*time.Second || s.Providers[1].Name != "dashscope" {
		t.Errorf("providers = %+v", s.Providers)
	}
	if s.Engine.Sync != (Sync{Interval: time.Second}) || s.Fallback.Mock == nil || *s.Fallback.Mock || s.Cost["seedream"] != 0.5 || s.Retention != 48*time.Hour {
		t.Errorf("got %+v", s)
	}
}

func TestListsInTheEnvironmentAreJSON(t *testing.T) {
	t.Parallel()
	s := defaults()
	err := Load(s, Options{Environ: []string{
		`IMGFLEET_PROVIDERS=[{"name":"qianfan","weight":2,"timeout":"30s"}]`,
		`IMGFLEET_HTTP_CORSORIGINS=["https://\u7f8e.example"]`,
		"IMGFLEET_ENGINE_SYNC=always", "IMGFLEET_FALLBACK_MOCK=true", `IMGFLEET_COST={"mock":0}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Providers) != 1 || s.Providers[0].Name != "qianfan" || s.Providers[0].Weight != 2 || s.Providers[0].Timeout != 30*time.Second {
		t.Errorf("providers = %+v", s.Providers)
	}
	if s.HTTP.CORSOrigins[0] != "https://美.example" || !s.Engine.Sync.Always || !*s.Fallback.Mock {
		t.Errorf("got %+v", s)
	}
}

func TestAnEmptyValueKeepsTheDefault(t *testing.T) {
	t.Parallel()
	s := defaults()
	if err := Load(s, Options{File: fileWith(t, "http:\nlimits:\n  sessionDaily:\nproviders:\n")}); err != nil {
		t.Fatal(err)
	}
	if s.Limits.SessionDaily != 20 || s.HTTP.Listen == "" || len(s.Providers) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestSectionsOfOtherProgramsAreSkipped(t *testing.T) {
	t.Parallel()
	err := Load(defaults(), Options{
		File:     fileWith(t, "worker: {listen: ':9', anything: [1]}\nmoderation: {kind: local}\nextra: 1\n"),
		Environ:  []string{"IMGFLEET_WORKER_REGION=cn-north-4", "IMGFLEET_EXTRA=1", "PATH=/bin"},
		Sections: []string{"extra"},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestEveryFaultIsNamedAtOnceAsTheOperatorWroteIt(t *testing.T) {
	t.Parallel()
	err := Load(defaults(), Options{
		File: fileWith(t, `limits:
  sesionDaily: 3
  maxUploadBytes: much
htpp: {}
retention: tomorrow
http: none
providers: {name: mock}
engine: {sync: 0s}
environment: dev
environment: prod
`),
		Environ: []string{"IMGFLEET_LIMITS_SESSIONDAYLI=3", "IMGFLEET_LIMITS_SESSIONDAILY=three", "IMGFLEET_PROVIDERS=mock"},
		Flags:   map[string]string{"http.lisen": "x", "fallback.mock": "yes"},
	})
	got := Faults(err)
	for _, want := range []string{
		"limits.sesionDaily (line 2): unknown key; did you mean sessionDaily?",
		"limits.maxUploadBytes (line 3): must be a size",
		"htpp (line 4): unknown key; did you mean http?",
		`retention (line 5): must be a duration such as 15s, is "tomorrow"`,
		"http (line 6): must be a section",
		"providers (line 7): must be a list",
		`engine.sync (line 8): must be "always" or a positive duration`,
		"environment (line 10): is given twice",
		"IMGFLEET_LIMITS_SESSIONDAYLI: unknown variable; did you mean IMGFLEET_LIMITS_SESSIONDAILY?",
		`IMGFLEET_LIMITS_SESSIONDAILY: must be a whole number, is "three"`,
		"IMGFLEET_PROVIDERS: must be JSON",
		"http.lisen: unknown flag; did you mean http.listen?",
		`fallback.mock: must be true or false, is "yes"`,
	} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no fault begins with %q", want)
		}
	}
	if len(got) != 13 {
		t.Errorf("%d faults, want 13:\n%s", len(got), strings.Join(got, "\n"))
	}
}

func TestVariablesThatAreNotConfigurationAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := &struct {
		Admin struct {
			Token string `config:"token"`
		} `config:"admin"`
	}{}
	err := Load(s, Options{
		File: fileWith(t, "admin: {token: 'env:IMGFLEET_SECRET'}\n"),
		Environ: []string{
			"IMGFLEET_SECRET=x", "IMGFLEET_PORT=tcp://10.0.0.1:80", "IMGFLEET_SERVICE_HOST=10.0.0.1",
			"IMGFLEET_PORT_80_TCP_ADDR=10.0.0.1", "IMGFLEET_GATEWAY_SERVICE_PORT_HTTP=80",
			`IMGFLEET_PROVIDERS=[{"apiKey":"env:IMGFLEET_KEY"}]`, "IMGFLEET_KEY=y",
		},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an alias":           "a: &x [1]\nenvironment: *x\n",
		"an anchor":          "environment: &x dev\n",
		"a billion laughs":   "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
		"a tag":              "environment: !secret dev\n",
		"two documents":      "environment: dev\n---\nenvironment: prod\n",
		"a list":             "- 1\n",
		"a word":             "dev",
		"no YAML":            "a: [",
		"a deep nest":        "a: " + strings.Repeat("[", 100) + strings.Repeat("]", 100),
		"more than a MiB":    "environment: " + strings.Repeat("x", maxFileBytes),
		"a complex key":      "? [a]\n: 1\n",
		"an inline merge":    "<<: {environment: prod}\n",
		"bytes that are bin": "\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := Load(defaults(), Options{File: fileWith(t, text)}); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestAMissingFileIsAFaultAndNoFileIsNone(t *testing.T) {
	t.Parallel()
	if err := Load(defaults(), Options{File: filepath.Join(t.TempDir(), "none.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("err = %v, want not exist", err)
	}
	if err := Load(defaults(), Options{File: fileWith(t, "# nothing\n")}); err != nil {
		t.Error(err)
	}
	if err := Load(sample{}, Options{}); err == nil {
		t.Error("a value that cannot be filled was accepted")
	}
}

// strict adds rules of its own to the sample.
type strict struct {
	Retention time.Duration `config:"retention"`
}

func (s *strict) Validate() error {
	if s.Retention <= 0 {
		return errors.Join(errors.New("retention: must be positive"), errors.New("retention: must be set"))
	}
	return nil
}

func TestFaultsOfValidationJoinThoseOfReading(t *testing.T) {
	t.Parallel()
	err := Load(&strict{}, Options{Flags: map[string]string{"nonsense": "1"}})
	var out bytes.Buffer
	if code := Report(&out, err); code != 2 {
		t.Errorf("code = %d, want 2", code)
	}
	if want := "nonsense: unknown flag\nretention: must be positive\nretention: must be set\n"; out.String() != want {
		t.Errorf("report:\n%s\nwant:\n%s", out.String(), want)
	}
	out.Reset()
	if code := Report(&out, nil); code != 0 || out.String() != "configuration: no faults\n" {
		t.Errorf("a good configuration: code %d, %q", code, out.String())
	}
}

func TestEmbeddedStructsLendTheirKeys(t *testing.T) {
	t.Parallel()
	type Shared struct {
		Dir string `config:"dir"`
	}
	d := &struct {
		Shared
		Log string `config:"log"`
	}{}
	if err := Load(d, Options{Flags: map[string]string{"dir": "/d", "log": "info"}}); err != nil {
		t.Fatal(err)
	}
	if d.Dir != "/d" || d.Log != "info" {
		t.Errorf("got %+v", d)
	}
}

func FuzzFilesNeverPanic(f *testing.F) {
	f.Add("environment: prod\nproviders: [{name: a, weight: 1}]\n", "[1]")
	f.Add("a: &a [*a]", `{"a":{"b":null}}`)
	f.Add("limits: {maxUploadBytes: 9999999TiB}", `[{"name":1e999}]`)
	f.Fuzz(func(t *testing.T, file, env string) {
		top, err := parseYAML([]byte(file))
		if err != nil {
			return
		}
		s := defaults()
		err = lay(s, reflectOf(s), top, Options{Environ: []string{"IMGFLEET_PROVIDERS=" + env, "IMGFLEET_LIMITS_BODY=" + env}}, &Source{places: map[string]place{}})
		for _, line := range Faults(err) {
			if line == "" {
				t.Error("a fault without words")
			}
		}
	})
}
