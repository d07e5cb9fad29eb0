package hunyuan

import (
	"testing"
	"time"
)

// The vector was computed once with the vendor's own SDK.
func TestTheSignatureIsTencents(t *testing.T) {
	t.Parallel()
	c := credentials{id: "AKID", key: "SKEXAMPLE"}
	got := c.sign("aiart.tencentcloudapi.com", []byte(`{"JobId":"1"}`), time.Unix(1700000000, 0))
	want := "TC3-HMAC-SHA256 Credential=AKID/2023-11-14/aiart/tc3_request, SignedHeaders=content-type;host, " +
		"Signature=0a74b8a8a466c7c71b483ead5e361b6a7d2237d6cc8908acdaa5a39e10f0f662"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheDayOfTheSignatureIsUTC(t *testing.T) {
	t.Parallel()
	c := credentials{id: "a", key: "b"}
	at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("CST", 8*3600))
	if got, want := c.sign("h", nil, at), c.sign("h", nil, at.UTC()); got != want {
		t.Errorf("the same moment is signed twice: %s, %s", got, want)
	}
}

func TestKeysAreReadWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "id", "id:", ":key", "id:key\n", "i d:key", "id,x:key", "i/d:key"} {
		if _, err := parseKey(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
	if c, err := parseKey("AKID:k:ey"); err != nil || c != (credentials{"AKID", "k:ey"}) {
		t.Errorf("got %+v, %v", c, err)
	}
}
