package queue

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/gateway/engine"
)

const announceSubject = "queue.announce"

// Announce tells all gateways what the dispatcher knows beside the load; a
// lost message is replaced by the next.
func (q *Queue) Announce(data []byte) error { return q.engine.Conn().Publish(announceSubject, data) }

// Hear calls on with every announcement until stop is called.
func (q *Queue) Hear(on func(data []byte)) (stop func(), err error) {
	sub, err := q.engine.Conn().Subscribe(announceSubject, func(m *nats.Msg) { on(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("hear announcements: %w", engine.Classify(err))
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
