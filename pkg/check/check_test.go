package check

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAllFaultsAreSaidInTheirOrder(t *testing.T) {
	t.Parallel()
	var f Faults
	f.Add(nil)
	f.If(false, "never")
	if err := f.Err(); err != nil {
		t.Errorf("faults where there are none: %v", err)
	}
	f.If(2 > 1, "size: must be 1, is %d", 2)
	f.Say("file: %w", io.EOF)
	if err := f.Err(); err == nil || err.Error() != "size: must be 1, is 2\nfile: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("faults: %v", err)
	}
}

func TestListenersDoNotShareAnAddress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b  string
		fault string // of b
	}{
		"Apart":         {"127.0.0.1:80", "127.0.0.1:81", ""},
		"None":          {"127.0.0.1:80", "", ""},
		"FreePorts":     {"127.0.0.1:0", "127.0.0.1:0", ""},
		"OtherAddress":  {"10.0.0.1:80", "10.0.0.2:80", ""},
		"Same":          {"127.0.0.1:80", "127.0.0.1:80", "b: a listens at 127.0.0.1:80 already"},
		"Wildcard":      {":80", "127.0.0.1:80", "b: a listens at :80 already"},
		"WildcardAfter": {"[::1]:80", "0.0.0.0:80", "b: a listens at [::1]:80 already"},
		"Localhost":     {"localhost:80", "127.0.0.1:80", "b: a listens at localhost:80 already"},
		"NoPort":        {"127.0.0.1:80", "127.0.0.1", "b: must be host:port"},
		"PortTooLarge":  {"127.0.0.1:80", "127.0.0.1:65536", "b: must be host:port"},
		"PortNegative":  {"127.0.0.1:80", "127.0.0.1:-1", "b: must be host:port"},
		"PortOfLetters": {"127.0.0.1:80", "127.0.0.1:x", "b: must be host:port"},
		"URL":           {"127.0.0.1:80", "http://127.0.0.1:90", "b: must be host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f Faults
			f.Listeners(Listener{"a", tc.a}, Listener{"b", tc.b})
			if err := f.Err(); (err == nil) != (tc.fault == "") || err != nil && !strings.HasPrefix(err.Error(), tc.fault) {
				t.Errorf("fault %v, want %q", err, tc.fault)
			}
		})
	}
}

func TestAnAddressThatNobodyCanCallIsAFault(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"": true, "10.0.0.5:8082": true, "gateway.example:8082": true, "[fd00::1]:8082": true,
		":8082": false, "0.0.0.0:8082": false, "[::]:8082": false, "10.0.0.5": false, "10.0.0.5:0": false, "10.0.0.5:70000": false, "http://10.0.0.5:80": false,
	} {
		var f Faults
		f.Reachable("key", address)
		if err := f.Err(); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}
