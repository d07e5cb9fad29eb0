package health

import (
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// verdict is what the outcome of a call says about its provider.
type verdict int

const (
	silent  verdict = iota // nothing: the fault was ours, the person's, or a limit that is kept elsewhere
	alive                  // it works, though it refused this picture
	good                   // it made a picture
	failing                // it did not, and may not next time
	refused                // it will not until a person does something
)

// ours reports whether a call failed between us, our store and our workers.
func ours(code string) bool {
	switch code {
	case workerrpc.StreamLost, workerrpc.PhotoUnreachable, workerrpc.PhotoGone, workerrpc.StoreFailed:
		return true
	}
	return false
}

// judge reads an outcome. A call that no worker took, a stream that we lost,
// and a photo or a picture that did not pass between a worker and the store say
// nothing about a provider.
func judge(out workerrpc.Outcome) verdict {
	switch {
	case out.Result == task.OK:
		return good
	case out.Result == task.NotSent && workerrpc.Refused(fault.Code(out.Code)), ours(out.Code):
		return silent
	}
	switch out.Class {
	case task.ClassNetwork, task.ClassTimeout, task.ClassTransient:
		return failing
	case task.ClassAuth, task.ClassQuota:
		return refused
	case task.ClassContent, task.ClassInput:
		return alive
	default:
		return silent
	}
}
