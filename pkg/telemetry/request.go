package telemetry

import "context"

// FieldRequest names the id of a request in every line of a log about it: of
// the gateway that answers it, of the one that dispatches its task, and of
// workers.
const FieldRequest = "request_id"

type requestKey struct{}

// WithRequest notes for which request work is done.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the id of the request for which work is done, "" for none.
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
