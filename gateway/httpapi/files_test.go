package httpapi

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestAFileCanBeAskedForByDate(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.objects["s/tasks/t/1.jpg"] = []byte("0123456789")
	const path = "/files/s/tasks/t/1.jpg?s=GET"
	date := h.do("GET", path, "", "").header.Get("Last-Modified")
	earlier := time.Unix(1e9-60, 0).UTC().Format(http.TimeFormat)
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"unchanged":            {[]string{"If-Modified-Since", date}, 304},
		"changed":              {[]string{"If-Modified-Since", earlier}, 200},
		"no date":              {[]string{"If-Modified-Since", "yesterday"}, 200},
		"a tag wins":           {[]string{"If-Modified-Since", date, "If-None-Match", `"other"`}, 200},
		"range of this":        {[]string{"Range", "bytes=1-2", "If-Range", date}, 206},
		"range of another":     {[]string{"Range", "bytes=1-2", "If-Range", earlier}, 200},
		"this one":             {[]string{"If-Match", `"other", "abc"`}, 200},
		"any":                  {[]string{"If-Match", "*"}, 200},
		"not this one":         {[]string{"If-Match", `"other"`}, 412},
		"this one, weakly":     {[]string{"If-Match", `W/"abc"`}, 412},
		"If-Match comes first": {[]string{"If-Match", `"other"`, "If-None-Match", `"abc"`}, 412},
		"weak tag":             {[]string{"Range", "bytes=1-2", "If-Range", `W/"abc"`}, 200},
		"unit in capitals":     {[]string{"Range", "Bytes=1-2"}, 206},
		"end beyond numbers":   {[]string{"Range", "bytes=0-99999999999999999999"}, 206},
		"start beyond them":    {[]string{"Range", "bytes=99999999999999999999-"}, 416},
		"suffix beyond them":   {[]string{"Range", "bytes=-99999999999999999999"}, 206},
		"end before start":     {[]string{"Range", "bytes=5-2"}, 200},
		"signs are no digits":  {[]string{"Range", "bytes=+1-2"}, 200},
	} {
		if r := h.do("GET", path, "", "", c.headers...); r.status != c.status {
			t.Errorf("%s: %d, want %d", name, r.status, c.status)
		}
	}
}

func TestABrowserKeepsAFileNoLongerThanItsURL(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.objects["s/tasks/t/1.jpg"] = []byte("0123456789")
	for left, most := range map[string]int{"1000": 1000, "9000": 3600, "0": 0} {
		got := h.do("GET", "/files/s/tasks/t/1.jpg?s=GET&left="+left, "", "").header.Get("Cache-Control")
		var age int
		if _, err := fmt.Sscanf(got, "private, max-age=%d, immutable", &age); err != nil || age > most || age < most-500 {
			t.Errorf("%s s before the end: %q, want %d", left, got, most)
		}
	}
}

func TestACompleteUploadTakesNothingOfAnySize(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, body := range []string{"", "1234", "12345", "123456"} {
		if r := h.do("PUT", "/files/s/uploads/complete/raw?s=PUT&z=5&c=image%2Fjpeg", "", body, "Content-Type", "image/jpeg"); r.status != 409 {
			t.Errorf("%d bytes: %d %s", len(body), r.status, r.code())
		}
	}
}
