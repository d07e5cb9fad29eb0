package workerrpc

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// results pairs the domain's outcomes with the wire's. Order is the wire's
// numbering.
func results() []task.Outcome {
	return []task.Outcome{task.Unknown, task.NotSent, task.Rejected, task.FailedUnbilled, task.OK}
}

// classes pairs the domain's classes with the wire's. Order is the wire's
// numbering.
func classes() []task.Class {
	return []task.Class{
		task.ClassNone, task.ClassNetwork, task.ClassTimeout, task.ClassTransient, task.ClassRate, task.ClassQuota,
		task.ClassContent, task.ClassAuth, task.ClassInput, task.ClassCanceled, task.ClassBusy,
	}
}

func resultToWire(o task.Outcome) workerpb.Result {
	return workerpb.Result(max(slices.Index(results(), o), 0))
}

// resultFromWire reads a value that only a newer peer knows as Unknown: the
// vendor may have worked and billed, so no second call is paid for.
func resultFromWire(r workerpb.Result) task.Outcome {
	if all := results(); int(r) > 0 && int(r) < len(all) {
		return all[r]
	}
	return task.Unknown
}

func classToWire(c task.Class) workerpb.Class {
	if i := slices.Index(classes(), c); i >= 0 {
		return workerpb.Class(i)
	}
	return workerpb.Class_CLASS_TRANSIENT
}

// classFromWire reads a value that only a newer peer knows as transient: another
// try may help, and the task does not end for a reason that nobody here knows.
func classFromWire(c workerpb.Class) task.Class {
	if all := classes(); int(c) >= 0 && int(c) < len(all) {
		return all[c]
	}
	return task.ClassTransient
}

func attemptToWire(a Attempt) *workerpb.GenerateRequest { return convert[*workerpb.GenerateRequest](a) }

func attemptFromWire(w *workerpb.GenerateRequest) Attempt { return convert[Attempt](w) }

func updateToWire(u Update) *workerpb.GenerateUpdate { return convert[*workerpb.GenerateUpdate](u) }

func updateFromWire(w *workerpb.GenerateUpdate) Update { return convert[Update](w) }

func inspectToWire(r InspectRequest) *workerpb.InspectRequest {
	return convert[*workerpb.InspectRequest](r)
}

func inspectFromWire(w *workerpb.InspectRequest) InspectRequest { return convert[InspectRequest](w) }

func inspectedToWire(i Inspected) *workerpb.InspectReply { return convert[*workerpb.InspectReply](i) }

func inspectedFromWire(w *workerpb.InspectReply) Inspected { return convert[Inspected](w) }

func heartbeatToWire(h Heartbeat) *workerpb.Beat { return convert[*workerpb.Beat](h) }

func heartbeatFromWire(w *workerpb.Beat) Heartbeat { return convert[Heartbeat](w) }

// convert makes a message of the domain from one of the wire, or the other way
// round. Fields with the same name belong together: PHash is Phash, and Timeout
// is TimeoutMs.
func convert[To any](from any) (to To) {
	fill(reflect.ValueOf(&to).Elem(), reflect.ValueOf(from))
	return to
}

// fill sets a value to what another one says in its own type.
func fill(to, from reflect.Value) {
	switch from.Type() {
	case to.Type():
		to.Set(from)
	case reflect.TypeFor[task.Outcome]():
		to.SetInt(int64(resultToWire(task.Outcome(from.String()))))
	case reflect.TypeFor[workerpb.Result]():
		to.SetString(string(resultFromWire(workerpb.Result(from.Int()))))
	case reflect.TypeFor[task.Class]():
		to.SetInt(int64(classToWire(task.Class(from.String()))))
	case reflect.TypeFor[workerpb.Class]():
		to.SetString(string(classFromWire(workerpb.Class(from.Int()))))
	case reflect.TypeFor[time.Duration]():
		to.SetInt(time.Duration(from.Int()).Milliseconds())
	case reflect.TypeFor[int]():
		to.SetInt(int64(clamp(int(from.Int()))))
	default:
		fillKind(to, from)
	}
}

func fillKind(to, from reflect.Value) {
	switch {
	case to.Type() == reflect.TypeFor[time.Duration]():
		to.SetInt(from.Int() * int64(time.Millisecond))
	case from.Kind() == reflect.Pointer && from.IsNil(): // an older peer says nothing of it
	case from.Kind() == reflect.Pointer:
		fill(to, from.Elem())
	case to.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		fill(to.Elem(), from)
	case to.Kind() == reflect.Struct:
		fillFields(to, from)
	default:
		to.Set(from.Convert(to.Type()))
	}
}

// fillFields panics when a field has no counterpart: every test that sends the
// message finds it.
func fillFields(to, from reflect.Value) {
	said := fieldNames(from.Type())
	for i, name := range fieldNames(to.Type()) {
		other := slices.IndexFunc(said, func(n string) bool { return strings.EqualFold(n, name) })
		fill(to.Field(i), from.Field(other))
	}
}

// fieldNames are the names of a message's fields without their units.
func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = strings.TrimSuffix(strings.TrimSuffix(t.Field(i).Name, "Ms"), "MS")
	}
	return names
}

// clamp fits a count into the wire's 32 bits.
func clamp(n int) int32 {
	return int32(max(math.MinInt32, min(n, math.MaxInt32)))
}
