package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/production"
	"github.com/imgfleet/imgfleet/pkg/secret"
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

// A gateway holds no code of any vendor, and still knows a name that is none.
func TestProvidersAreOfKnownKinds(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Providers = nil
	for _, kind := range []string{"seedream", "dashscope", "qianfan", "hunyuan", "openai", "mock"} {
		c.Providers = append(c.Providers, providerConfig{Name: kind, Kind: kind})
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Providers[1].Kind, c.Providers[4].Kind = "teapot", ""
	err := c.Validate()
	for _, key := range []string{`providers[1].kind: must be one of seedream, `, `is "teapot"`, "providers[4].kind:"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in:\n%v", key, err)
		}
	}
}

func TestACallHasTheTimeOfItsVendorsKind(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Providers = nil
	want := map[string]time.Duration{
		"seedream": time.Minute, "dashscope": 3 * time.Minute, "qianfan": time.Minute, "hunyuan": 3 * time.Minute, "openai": time.Minute, "mock": time.Minute,
	}
	for kind := range want {
		c.Providers = append(c.Providers, providerConfig{Name: kind, Kind: kind})
	}
	for _, p := range c.routing().Providers {
		if p.Timeout != want[p.Kind] {
			t.Errorf("a call of %s may take %v, want %v", p.Kind, p.Timeout, want[p.Kind])
		}
	}
	c.Providers = []providerConfig{{Name: "a", Kind: "dashscope", Timeout: 7 * time.Second}}
	if got := c.routing().Providers[0].Timeout; got != 7*time.Second {
		t.Errorf("a time that was given became %v", got)
	}
}

func TestTheMockStandsInWhereItMayOnly(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, x := range []struct {
		environment string
		said        *bool
		want        bool
	}{{"dev", nil, true}, {"prod", nil, false}, {"dev", &no, false}, {"prod", &yes, true}} {
		c := defaults()
		c.Environment, c.Fallback.Mock = x.environment, x.said
		if got := c.routing().Mock; got != x.want {
			t.Errorf("in %s, told %v: %v", x.environment, x.said, got)
		}
	}
}

func TestAMissingPriceIsToldFromAPriceOfNothing(t *testing.T) {
	t.Parallel()
	own := int64(0)
	c := defaults()
	c.Providers = []providerConfig{{Name: "own", Kind: "openai", PriceFen: &own}, {Name: "sold", Kind: "seedream"}, {Name: "mock", Kind: mock}}
	said := c.Warnings()
	if len(said) != 1 || !strings.Contains(said[0], "providers[1].priceFen: is missing") {
		t.Errorf("warned of %q", said)
	}
	if err := c.Validate(); err != nil { // and runs as it always did
		t.Error(err)
	}
	ten, yes := 10, true
	c.Environment, c.Providers[2].Weight, c.Fallback.Unknown = production.Prod, &ten, "next"
	if all := strings.Join(c.Warnings(), "\n"); !strings.Contains(all, "providers[2].weight: has no effect") || !strings.Contains(all, "fallback: unknown is next, but") {
		t.Errorf("warned of %s", all)
	}
	c.Fallback.Mock, c.Providers = &yes, c.Providers[:2]
	if all := strings.Join(c.Warnings(), "\n"); !strings.Contains(all, "fallback: the mock may stand in, but no provider") {
		t.Errorf("warned of %s", all)
	}
	for _, p := range c.routing().Providers {
		if p.PriceFen != 0 {
			t.Errorf("%s costs %d fen", p.Name, p.PriceFen)
		}
	}
}

func TestPeopleHaveNoticeInProd(t *testing.T) {
	t.Parallel()
	c := defaults()
	if n := c.drainNotice(); n != 0 {
		t.Errorf("in dev %v", n)
	}
	c.Environment = production.Prod
	if n := c.drainNotice(); n != 5*time.Second {
		t.Errorf("in prod %v", n)
	}
	var none time.Duration
	if c.HTTP.DrainNotice = &none; c.drainNotice() != 0 {
		t.Errorf("written 0 is %v", c.drainNotice())
	}
	for _, bad := range []time.Duration{-time.Second, 2 * time.Minute} {
		c.HTTP.DrainNotice = &bad
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "http.drainNotice: must be 0…1m0s") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestTheMockHasAShareOnlyInDevAndOnlyWhereOneIsWritten(t *testing.T) {
	t.Parallel()
	ninety := 90
	c := defaults()
	c.Providers = []providerConfig{{Name: "mock", Kind: mock}, {Name: "a", Kind: "seedream"}}
	if r := c.routing(); r.Providers[0].Weight != 0 || !r.MockShares {
		t.Errorf("in dev %+v", r)
	}
	c.Providers[0].Weight = &ninety
	if r := c.routing(); r.Providers[0].Weight != 90 {
		t.Errorf("written, the weight is %d", r.Providers[0].Weight)
	}
	c.Environment = production.Prod
	if c.routing().MockShares {
		t.Error("in prod the mock is sold as a model")
	}
	if c.routing().Mock {
		t.Error("in prod the mock stands in although nobody wrote so")
	}
	yes := true
	if c.Fallback.Mock = &yes; !c.routing().Mock {
		t.Error("in prod the mock does not stand in where it is written")
	}
	if r := defaults().routing(); r.Providers[0].Weight != 100 {
		t.Errorf("alone it weighs %d", r.Providers[0].Weight)
	}
}

func TestBooksNameTheModelThatIsAskedFor(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Providers = []providerConfig{
		{Name: "a", Kind: "seedream", Model: "ep-1"}, {Name: "b", Kind: "dashscope"}, {Name: "c", Kind: mock, Model: "latency=1s"},
	}
	for i, want := range []string{"ep-1", "wan2.5-i2i-preview", mock} {
		if got := c.routing().Providers[i].Model; got != want {
			t.Errorf("the model is %q, want %q", got, want)
		}
	}
}

func TestTheFaultsOfABucketAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Store.Kind, c.Store.OBS.Endpoint, c.Store.OBS.PathStyle, c.CDN.BaseURL = "obs", "obs.example.com", true, "cdn.example.com"
	err := c.Validate()
	if err == nil {
		t.Fatal("no fault")
	}
	for _, key := range []string{
		"store.obs.endpoint:", "store.obs.bucket:", "store.obs.accessKey:", "store.obs.secretKey:", "store.obs.pathStyle:",
		"cdn.baseUrl:", "cdn.signingKey:",
	} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in:\n%v", key, err)
		}
	}
}

func TestABucketMayBeSharedByGateways(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Engine.URL, c.Store.Kind = secret.NewURL("tls://engine.example.com:4222"), "obs"
	c.Store.OBS.Endpoint, c.Store.OBS.Bucket = "https://obs.cn-north-4.myhuaweicloud.com", "pictures"
	c.Store.OBS.AccessKey, c.Store.OBS.SecretKey = secret.NewRef("env:AK"), secret.NewRef("env:SK")
	c.CDN.BaseURL, c.CDN.SigningKey = "https://pictures.example.com", secret.NewRef("env:CDN_KEY")
	c.CDN.AccessKey, c.CDN.SecretKey, c.CDN.DomainID = secret.NewRef("env:AK"), secret.NewRef("env:SK"), "0b672a"
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if c.cdn(secret.Sealed).Validity != c.Retention {
		t.Errorf("validity = %v", c.cdn(secret.Sealed).Validity)
	}
}

func TestGatewaysThatShareAnEngineShareAStore(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.Engine.URL = secret.NewURL("tls://engine.example.com:4222")
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "store.shared:") {
		t.Errorf("err = %v, want store.shared named", err)
	}
	c.Store.Shared = true
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// A limit is one line of pkg/limit: its key is configured, by file and by
// environment, without another.
func TestEveryLimitOfTheTableIsConfigured(t *testing.T) {
	t.Parallel()
	for i, l := range limit.All() {
		c := defaults()
		environ := []string{config.EnvName("limits."+l.Key) + "=" + strconv.Itoa(i+7)}
		if err := config.Load(c, config.Options{Environ: environ}); err != nil {
			t.Errorf("%s: %v", environ, err)
		}
		if got := l.Of(c.Limits.Limits); got != int64(i+7) {
			t.Errorf("%s made %s %d", environ, l.Key, got)
		}
	}
}
