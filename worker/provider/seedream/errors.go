package seedream

import (
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func (e *vendorError) failure(a vendorhttp.Answer) *provider.Failure {
	return a.Failure(class(e.Code, a), e.Code, e.Message)
}

// class maps Ark's codes; most name their family and then the case.
func class(code string, a vendorhttp.Answer) task.Class {
	return a.ClassOf(code,
		vendorhttp.Codes{Class: task.ClassTransient, List: `ContentSecurityDetectionError InvalidEndpoint.ClosedEndpoint ServerOverloaded
			InternalServiceError`},
		vendorhttp.Codes{Class: task.ClassQuota, List: `AccountOverdueError OperationDenied.ServiceOverdue OperationDenied.ServiceNotOpen
			SetLimitExceeded QuotaExceeded`},
		vendorhttp.Codes{Class: task.ClassAuth, List: "ModelNotOpen UnsupportedModel AuthenticationError AccessDenied"},
		vendorhttp.Codes{Class: task.ClassRate, List: "RequestBurstTooFast InflightBatchsizeExceeded"},
		vendorhttp.Codes{Class: task.ClassContent, List: "*SensitiveContentDetected* *RiskDetection"},
		vendorhttp.Codes{Class: task.ClassRate, List: "*RateLimitExceeded*"},
		vendorhttp.Codes{Class: task.ClassQuota, List: "*Overdue*"},
		vendorhttp.Codes{Class: task.ClassAuth, List: "OperationDenied* InvalidEndpoint* NotFound*"},
		vendorhttp.Codes{Class: task.ClassInput, List: "MissingParameter* InvalidParameter*"},
	)
}
