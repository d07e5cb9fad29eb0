package queue

import (
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/gateway/engine"
)

const statusSubject = "queue.announce"

// BroadcastStatus sends all gateways what the dispatcher knows beside the load.
// The next one replaces a lost message.
func (q *Queue) BroadcastStatus(data []byte) error {
	return q.engine.Tell(statusSubject, data)
}

// SubscribeStatus calls on with every status broadcast until stop is called.
func (q *Queue) SubscribeStatus(on func(data []byte)) (stop func(), err error) {
	sub, err := q.engine.Conn().Subscribe(statusSubject, func(m *nats.Msg) { on(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("subscribe to status: %w", engine.Classify(err))
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
