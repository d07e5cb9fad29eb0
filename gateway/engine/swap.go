package engine

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// writeHeader names one write, so that its writer knows it again.
const writeHeader = "Imgfleet-Write"

// Write publishes m to s if the newest message of its subject is still expect
// (0: there is none; AnyRevision: no matter). When the engine does not say
// whether it stored m, Write looks whether it did, and repeats it when it did
// not. So a lost answer is no lost race: fault.RevisionConflict means that
// somebody else wrote. What stays unknown is fault.EngineTimeout.
func (e *Engine) Write(ctx context.Context, s jetstream.Stream, m *nats.Msg, expect uint64, opts ...jetstream.PublishOpt) (seq uint64, err error) {
	return write(ctx, e.js, s, m, expect, e.bounds, opts...)
}

func write(ctx context.Context, js jetstream.JetStream, s jetstream.Stream, m *nats.Msg, expect uint64, b Bounds, opts ...jetstream.PublishOpt) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.Total)
	defer cancel()
	if expect != AnyRevision {
		if m.Header == nil {
			m.Header = make(nats.Header, 4)
		}
		m.Header[writeHeader] = []string{rand.Text()}
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(expect))
	}
	unsure := false // a try before may have been stored
	for {
		ack, err := js.PublishMsg(ctx, m, opts...)
		if err == nil {
			return ack.Sequence, nil
		}
		again := timedOut(err)
		if expect != AnyRevision && (again || unsure && lostRace(err)) {
			var seq uint64
			if seq, again = look(ctx, s, m, expect); seq != 0 {
				return seq, nil
			}
			if !again && unsure {
				return 0, fault.Wrap(fault.EngineTimeout, err) // ours may have been stored, and replaced since
			}
		}
		unsure = true
		if !again || ctx.Err() != nil {
			return 0, Classify(err)
		}
	}
}

// look finds out what became of a write that was not answered: seq is its
// revision when it is the newest, and again says that it was not stored yet.
func look(ctx context.Context, s jetstream.Stream, m *nats.Msg, expect uint64) (seq uint64, again bool) {
	last, err := s.GetLastMsgForSubject(ctx, m.Subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, expect == 0
	case err != nil:
		return 0, false
	case last.Header.Get(writeHeader) == m.Header.Get(writeHeader):
		return last.Sequence, false
	}
	return 0, last.Sequence == expect
}

// lostRace reports whether somebody else wrote first. An engine of several nodes
// has a code of its own for a write that is on its way to the others.
func lostRace(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
