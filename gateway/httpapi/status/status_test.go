package status

import (
	"net/http"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	for k := fault.Internal; k <= fault.Canceled; k++ {
		if s := Of(k, "from_the_future"); s < http.StatusBadRequest || http.StatusText(s) == "" {
			t.Errorf("%v is %d", k, s)
		}
	}
	if Of(fault.Conflict, fault.UploadLocked) != http.StatusLocked || Of(fault.Conflict, fault.TaskFinished) != http.StatusConflict {
		t.Error("a code has not its own status")
	}
}
