package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/altcha-org/altcha-lib-go"
)

func TestAChallengeIsSolved(t *testing.T) {
	t.Parallel()
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{Algorithm: altcha.SHA256, MaxNumber: 1000, HMACKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := solve(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	var p altcha.Payload
	if raw, err = base64.StdEncoding.DecodeString(text); err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	if good, err := altcha.VerifySolutionSafe(p, "key", false); err != nil || !good {
		t.Errorf("the solution is %+v, %v", p, err)
	}
}

func TestAChallengeWithoutASolutionEnds(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string]string{
		"no JSON":          `{`,
		"another":          `["a"]`,
		"nothing":          `{"algorithm":"SHA-256","challenge":"none","maxNumber":3,"salt":"s"}`,
		"unknown sum":      `{"algorithm":"ROT13","challenge":"none","maxNumber":3,"salt":"s"}`,
		"a number too big": `{"algorithm":"SHA-256","challenge":"none","maxNumber":1e99,"salt":"s"}`,
	} {
		if text, err := solve(t.Context(), json.RawMessage(raw)); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	long := `{"algorithm":"SHA-256","challenge":"none","maxNumber":9000000000000000000,"salt":"` + strings.Repeat("s", 1000) + `"}`
	if _, err := solve(ended, json.RawMessage(long)); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left: %v", err)
	}
}
