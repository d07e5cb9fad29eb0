package refresh

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/global"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/region"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	cdn "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cdn/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cdn/v2/model"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	callTimeout = 15 * time.Second // the SDK's calls take no context
	regionID    = "cn-north-1"     // the CDN is one service for all regions

	maxFiles       = 1000 // in one call
	maxDirectories = 100
	quotaFiles     = "file_refresh"
	quotaDirs      = "dir_refresh"
)

// huawei speaks to the CDN. It is used by one goroutine.
type huawei struct {
	client  *cdn.CdnClient
	project *string
}

func newHuawei(c Config) (*huawei, error) {
	who, err := global.NewCredentialsBuilder().WithAk(c.AccessKey.Reveal()).WithSk(c.SecretKey.Reveal()).WithDomainId(c.DomainID).SafeBuild()
	if err != nil {
		return nil, fmt.Errorf("CDN credentials: %w", err)
	}
	http, err := cdn.CdnClientBuilder().WithRegion(region.NewRegion(regionID, c.Endpoint)).WithCredential(who).
		WithHttpConfig(config.DefaultHttpConfig().WithTimeout(callTimeout)).SafeBuild()
	if err != nil {
		return nil, fmt.Errorf("CDN client: %w", err)
	}
	h := &huawei{client: cdn.NewCdnClient(http)}
	if c.EnterpriseProject != "" {
		h.project = &c.EnterpriseProject
	}
	return h, nil
}

// Refresh asks for one kind of addresses, no more than one call may hold.
func (h *huawei) Refresh(k kind, urls []string) error {
	types, all := model.GetRefreshTaskRequestBodyTypeEnum(), model.GetRefreshTaskRequestBodyModeEnum().ALL
	body := &model.RefreshTaskRequestBody{Type: &types.FILE, Urls: urls}
	if k == directories {
		body.Type, body.Mode = &types.DIRECTORY, &all
	}
	out, err := h.client.CreateRefreshTasks(&model.CreateRefreshTasksRequest{
		EnterpriseProjectId: h.project, Body: &model.RefreshTaskRequest{RefreshTask: body},
	})
	if err != nil {
		return classify(err)
	}
	if out.RefreshTask == nil || *out.RefreshTask == "" { // refusals come with status 200, too
		return fault.Wrap(fault.CDNUnavailable, errors.New("the CDN answered without a task"))
	}
	return nil
}

// Left says how many addresses of each kind the CDN still takes today.
func (h *huawei) Left() (map[kind]int, error) {
	out, err := h.client.ShowQuota(&model.ShowQuotaRequest{})
	if err != nil {
		return nil, classify(err)
	}
	left := make(map[kind]int)
	if out.Quotas == nil {
		return left, nil
	}
	for _, q := range *out.Quotas {
		if q.Type == nil || q.QuotaLimit == nil || q.Used == nil {
			continue
		}
		switch *q.Type {
		case quotaFiles:
			left[files] = max(0, int(*q.QuotaLimit-*q.Used))
		case quotaDirs:
			left[directories] = max(0, int(*q.QuotaLimit-*q.Used))
		}
	}
	return left, nil
}

// classify gives the SDK's errors their kind: whatever it is, the address is
// tried again, and the code tells operators what to mend.
func classify(err error) error {
	var answer *sdkerr.ServiceResponseError
	if !errors.As(err, &answer) {
		return fault.Wrap(fault.CDNUnavailable, err)
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Wrap(fault.CDNForbidden, err)
	case http.StatusTooManyRequests:
		return fault.Wrap(fault.CDNThrottled, err)
	case http.StatusBadRequest, http.StatusNotFound:
		return fault.Wrap(fault.CDNRefused, err)
	default:
		return fault.Wrap(fault.CDNUnavailable, err)
	}
}
