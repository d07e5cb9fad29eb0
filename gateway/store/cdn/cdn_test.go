package cdn

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

func signer(t *testing.T) *Signer {
	t.Helper()
	s, err := New(Config{BaseURL: "https://cdn.example.com/", SigningKey: secret.New("huaweicloud12345"), Validity: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The vector is the one of Huawei Cloud's documentation of signing type A.
func TestAURLIsSignedAsTheVendorDocumentsIt(t *testing.T) {
	t.Parallel()
	const want = "https://cdn.example.com/T128_2_1_0_sdk/0210/M00/82/3E/test.mp3" +
		"?auth_key=1498752000-0-0-4143ae4a8034c637fd256dfd3542bafc"
	got := signer(t).URL("/T128_2_1_0_sdk/0210/M00/82/3E/test.mp3", time.Unix(1498752000, 0).Add(time.Hour))
	if got != want {
		t.Errorf("url = %s, want %s", got, want)
	}
}

func TestAURLIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	s, until := signer(t), time.Now().Add(time.Hour)
	if a, b := s.URL("/a.jpg", until), s.URL("/a.jpg", until); a != b {
		t.Errorf("%s and %s: nothing could be cached", a, b)
	}
	if a, b := s.URL("/a.jpg", until), s.URL("/b.jpg", until); strings.SplitAfter(a, "auth_key")[1] == strings.SplitAfter(b, "auth_key")[1] {
		t.Error("one signature opens two pictures")
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := Config{BaseURL: "cdn.example.com"}.Validate()
	for _, key := range []string{"cdn.baseUrl", "cdn.signingKey", "cdn.validity"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if err := (Config{SigningKey: secret.New("x")}).Validate(); err == nil {
		t.Error("a key without a domain passes")
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("no CDN: %v", err)
	}
	if _, err := New(Config{BaseURL: "https://cdn.example.com", SigningKey: secret.New("not-alphanumeric"), Validity: time.Hour}); err == nil {
		t.Error("a key that the CDN refuses passes")
	}
}
