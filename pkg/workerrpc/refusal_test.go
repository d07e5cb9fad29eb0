package workerrpc

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestWorkersOfOlderReleasesAreUnderstood(t *testing.T) {
	t.Parallel()
	for old, want := range map[string]struct {
		kind fault.Kind // that the older worker sends
		code fault.Code
	}{
		"provider_unknown":       {fault.NotFound, fault.ProviderNotServed},
		"worker_draining":        {fault.Unavailable, fault.WorkerBusy},
		"store_unavailable":      {fault.Unavailable, fault.StorageUnavailable},
		"photo_too_large":        {fault.TooLarge, fault.UploadTooLarge},
		"media_type_unsupported": {fault.Unsupported, fault.UnsupportedMediaType},
		"photo_ratio":            {fault.Unprocessable, fault.PhotoRatio}, // and it may say what we say
	} {
		f := fault.As(faultFromExtra(map[string]string{extraKind: want.kind.String(), extraCode: old}))
		if f.Code != want.code || f.Kind != want.kind {
			t.Errorf("%s is read as %v", old, f)
		}
	}
}

func TestARefusalIsToldInOldWordsAndNew(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]bool{
		"provider_unknown": true, "worker_draining": true, "worker_busy": true, "attempt_invalid": true,
		fault.ProviderNotServed: true, fault.WorkerUnreachable: true, fault.FleetTokenInvalid: true, fault.MessageTooLarge: true,
		fault.WorkerLost: false, fault.WorkerSilent: false, fault.AttemptUnknown: false, "from_the_future": false, "": false,
	} {
		if Refused(code) != want {
			t.Errorf("Refused(%q) is %v", code, !want)
		}
	}
}

func TestACodeFromANewerWorkerKeepsItsKind(t *testing.T) {
	t.Parallel()
	f := fault.As(faultFromExtra(map[string]string{extraKind: "unprocessable", extraCode: "photo_from_the_future"}))
	if f.Kind != fault.Unprocessable || f.Code != "photo_from_the_future" || f.Retryable() {
		t.Errorf("read as %v", f)
	}
}
