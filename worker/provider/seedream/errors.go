package seedream

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func (e *vendorError) failure(a vendorhttp.Answer) *provider.Failure {
	return a.Failure(class(e.Code, a), e.Code, e.Message)
}

// class maps Ark's codes; most name their family and then the case.
func class(code string, a vendorhttp.Answer) task.Class {
	switch code {
	case "ContentSecurityDetectionError", "InvalidEndpoint.ClosedEndpoint", "ServerOverloaded", "InternalServiceError":
		return task.ClassTransient
	case "AccountOverdueError", "OperationDenied.ServiceOverdue", "OperationDenied.ServiceNotOpen", "SetLimitExceeded", "QuotaExceeded":
		return task.ClassQuota
	case "ModelNotOpen", "UnsupportedModel", "AuthenticationError", "AccessDenied":
		return task.ClassAuth
	case "RequestBurstTooFast", "InflightBatchsizeExceeded":
		return task.ClassRate
	}
	for _, family := range []struct {
		has   func(s, part string) bool
		part  string
		class task.Class
	}{
		{strings.Contains, "SensitiveContentDetected", task.ClassContent},
		{strings.HasSuffix, "RiskDetection", task.ClassContent},
		{strings.Contains, "RateLimitExceeded", task.ClassRate},
		{strings.Contains, "Overdue", task.ClassQuota},
		{strings.HasPrefix, "OperationDenied", task.ClassAuth},
		{strings.HasPrefix, "InvalidEndpoint", task.ClassAuth},
		{strings.HasPrefix, "NotFound", task.ClassAuth},
		{strings.HasPrefix, "MissingParameter", task.ClassInput},
		{strings.HasPrefix, "InvalidParameter", task.ClassInput},
	} {
		if family.has(code, family.part) {
			return family.class
		}
	}
	return a.Class()
}
