package app

import (
	"encoding/json"
	"testing"
)

func TestADifferenceNamesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ before, after, want string }{
		{`{}`, `{"limits":{"a":3}}`, "a – → 3"},
		{`{"limits":{"a":3,"b":1}}`, `{"limits":{"a":5,"b":1}}`, "a 3 → 5"},
		{`{"providers":{"x":{"disabled":true}}}`, `{}`, "x.disabled true → –"},
		{`null`, `{"removed":7}`, "removed – → 7"}, {``, ``, ""}, {`broken`, `{}`, ""},
	} {
		if got := difference(json.RawMessage(tc.before), json.RawMessage(tc.after)); got != tc.want {
			t.Errorf("%s to %s = %q, want %q", tc.before, tc.after, got, tc.want)
		}
	}
}
