package obs

import (
	"context"
	"net/http"
	"testing"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// OBS, Ceph and MinIO each say in their own way that there is no room.
func TestABucketWithoutRoomIsFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		want   fault.Code
	}{
		{http.StatusInsufficientStorage, "", fault.StorageFull},
		{http.StatusInsufficientStorage, "XMinioStorageFull", fault.StorageFull},
		{http.StatusForbidden, "InsufficientStorageSpace", fault.StorageFull},
		{http.StatusForbidden, "QuotaExceeded", fault.StorageFull},
		{http.StatusBadRequest, "XMinioAdminBucketQuotaExceeded", fault.StorageFull},
		{http.StatusForbidden, "AccessDenied", fault.StorageUnavailable},
		{http.StatusServiceUnavailable, "SlowDown", fault.StorageUnavailable},
	} {
		var answer sdk.ObsError
		answer.StatusCode, answer.Code = c.status, c.code
		if got := fault.CodeOf(classify(context.Background(), answer)); got != c.want {
			t.Errorf("%d %s is %s", c.status, c.code, got)
		}
	}
}
