package e2e_test

import (
	"testing"
)

// TestOneCommandRunsTheWholeJob starts two gateways and two workers once and
// lets everybody at them: people side by side, then operators one after the
// other, because they change what all others see.
func TestOneCommandRunsTheWholeJob(t *testing.T) { //nolint:tparallel // operators take turns
	t.Parallel()
	d := start(t, t.TempDir(), "--gateways", "2", "--workers", "2", "--regions", "east,west",
		"--config", config(t, "latency=1200ms&jitter=0s&steps=6", nil))
	if len(d.public) != 2 {
		t.Fatalf("gateways at %v, want two", d.public)
	}
	t.Run("people", func(t *testing.T) {
		for name, story := range map[string]func(*testing.T, *dev){
			"APhotoBecomesAPicture":      aPhotoBecomesAPicture,
			"ARunningTaskIsCanceled":     aRunningTaskIsCanceled,
			"ADeletedTaskIsGone":         aDeletedTaskIsGone,
			"AStrangerFindsNothing":      aStrangerFindsNothing,
			"ACutStreamIsResumed":        aCutStreamIsResumed,
			"TheEndOfAStreamIsTheEnd":    theEndOfAStreamIsTheEnd,
			"ABrowserFollowsTheStream":   aBrowserFollowsTheStream,
			"ThePageDoesTheJobByHand":    thePageDoesTheJobByHand,
			"WatchingATaskEndsWithItsOK": watchingATask,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				story(t, d)
			})
		}
	})
	for _, story := range []struct {
		name string
		tell func(*testing.T, *dev)
	}{
		{"TheQuotaIsSetAndUndone", theQuotaIsSetAndUndone},
		{"AProviderIsDisabled", aProviderIsDisabled},
		{"TheIntakeIsPaused", theIntakeIsPaused},
		{"AWorkerIsDrained", aWorkerIsDrained},
		{"ACatalogueIsApplied", aCatalogueIsApplied},
		{"AFailedTaskIsWatched", aFailedTaskIsWatched},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(t, d) })
	}
}
