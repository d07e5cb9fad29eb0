package httpapi

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func FuzzRange(f *testing.F) {
	for _, s := range []string{"0-1", "5-", "-3", "-0", "9-2", "a-b", "-", "18446744073709551615-"} {
		f.Add(s, int64(10))
	}
	f.Add("0-", int64(0))
	f.Fuzz(func(t *testing.T, spec string, size int64) {
		if size < 0 {
			return
		}
		start, end, ok := parseRange(spec, size)
		if ok && start < size && start <= end && (start < 0 || end >= size) {
			t.Errorf("%q of %d: %d to %d", spec, size, start, end)
		}
	})
}

func FuzzFraming(f *testing.F) {
	for _, s := range []string{"Content-Length: 1\r\n\r\n", "transfer-encoding: chunked\r\nX: y\r\n\r\n", "\t\r\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if framing([]byte(raw), true) != nil {
			return
		}
		lower := strings.ToLower(raw)
		if strings.HasPrefix(lower, "content-length:") && strings.Contains(lower, "\ntransfer-encoding:") {
			t.Errorf("both lengths passed: %q", raw)
		}
	})
}

func FuzzHeadersOfClients(f *testing.F) {
	f.Add("en;q=0.5, zh", "1.2.3.4, ::1%eth0", "abc-12345")
	f.Add("zh", `for="[2001:db8::1]:80";proto=https, for=unknown`, "")
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	f.Fuzz(func(t *testing.T, language, header, id string) {
		if l := pickLanguage(language); l != chinese && l != english {
			t.Errorf("language %q", l)
		}
		lines := strings.SplitAfter(header, "\n")
		if !clientAddr(&net.TCPAddr{IP: net.ParseIP("127.0.0.1")}, forwarded{plain: lines, standard: lines}, trusted).IsValid() {
			t.Error("no address")
		}
		if got := requestID(id); len(got) < 8 || len(got) > 64 || strings.ContainsAny(got, "\r\n ") {
			t.Errorf("request id %q", got)
		}
	})
}
