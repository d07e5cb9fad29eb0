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

// judge reads an outcome. A call that no worker took, a stream that we lost
// and a photo that a worker could not fetch say nothing about a provider.
func judge(out workerrpc.Outcome) verdict {
	switch {
	case out.Result == task.OK:
		return good
	case out.Result == task.NotSent && workerrpc.Refused(fault.Code(out.Code)), out.Code == workerrpc.StreamLost, out.Code == workerrpc.PhotoUnreachable:
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
