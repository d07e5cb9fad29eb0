package workerrpc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// bizFault is the status number under which a fault travels. Its meaning is
// in the extra fields; the number only says that they are there.
const bizFault = 1

const (
	extraKind   = "kind"
	extraCode   = "code"
	extraAfter  = "retry_after_ms"
	extraResets = "resets_at"
	extraParams = "params"
)

// faultToWire sends kind, code and the values of the sentence. It does not send
// the cause, which may hold secrets of this process.
func faultToWire(err error) error {
	if err == nil {
		return nil
	}
	f := fault.As(err)
	extra := map[string]string{extraKind: f.Kind.String(), extraCode: string(f.Code)}
	if f.RetryAfter > 0 {
		extra[extraAfter] = strconv.FormatInt(f.RetryAfter.Milliseconds(), 10)
	}
	if !f.ResetsAt.IsZero() {
		extra[extraResets] = f.ResetsAt.UTC().Format(time.RFC3339)
	}
	if len(f.Params) > 0 {
		if b, jsonErr := json.Marshal(f.Params); jsonErr == nil {
			extra[extraParams] = string(b)
		}
	}
	return kerrors.NewGRPCBizStatusErrorWithExtra(bizFault, string(f.Code), extra)
}

// faultFromWire classifies what a call returned: a peer's fault keeps its
// kind and code, everything else says how the connection failed.
func faultFromWire(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if biz, ok := kerrors.FromBizStatusError(err); ok {
		return faultFromExtra(biz.BizExtra())
	}
	if cause := context.Cause(ctx); cause != nil {
		return fromContext(cause)
	}
	if errors.Is(err, kerrors.ErrGetConnection) {
		return fault.Wrap(fault.WorkerUnreachable, err)
	}
	if status.Code(errors.Unwrap(err)) == codes.Unauthenticated || status.Code(err) == codes.Unauthenticated {
		return fault.Wrap(fault.FleetTokenInvalid, err)
	}
	return fault.Wrap(fault.WorkerLost, err)
}

func faultFromExtra(extra map[string]string) error {
	f := fault.New(current(cmp.Or(fault.Code(extra[extraCode]), fault.InternalError)))
	if !f.Code.Known() {
		f.Kind = fault.ParseKind(extra[extraKind])
	}
	if ms, err := strconv.ParseInt(extra[extraAfter], 10, 64); err == nil && ms > 0 {
		f.RetryAfter = time.Duration(ms) * time.Millisecond
	}
	if at, err := time.Parse(time.RFC3339, extra[extraResets]); err == nil {
		f.ResetsAt = at
	}
	if p := extra[extraParams]; p != "" {
		// A sentence without its values is still useful.
		_ = json.Unmarshal([]byte(p), &f.Params)
	}
	return f
}

// fromContext classifies why our own side gave up.
func fromContext(cause error) error {
	var f *fault.Fault
	switch {
	case errors.As(cause, &f):
		return f
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.Wrap(fault.DeadlineExceeded, cause)
	default:
		return fault.Wrap(fault.RequestCanceled, cause)
	}
}
