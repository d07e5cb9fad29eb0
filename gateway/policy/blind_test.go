package policy_test

import (
	"context"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/policy"
)

// An engine was away, and an operator switched a provider off on another
// gateway as soon as it was back. Who is about to spend money asks first.
func TestAFreshPolicyHasTheChangesOfOtherGateways(t *testing.T) {
	t.Parallel()
	p := enginetest.OpenPair(t)
	s := mirrored(t, open(t, p.Joined))
	apply(t, s, policy.Edit{Who: "li", Action: "quota.set"}, setDaily(3))
	p.Elsewhere(t, func(ctx context.Context, e *engine.Engine) error {
		_, err := open(t, e).Apply(ctx, policy.Edit{Who: "li", Action: "provider.disable"}, disable("seedream"))
		return err
	}, func(ctx context.Context) error {
		err := s.Fresh(ctx)
		if err == nil && !s.State().Disabled("seedream") {
			t.Error("a provider that was switched off is used")
		}
		return err
	})
	if s.Limits().SessionDaily != 3 {
		t.Errorf("limits = %+v", s.Limits())
	}
}
