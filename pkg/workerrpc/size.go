package workerrpc

import (
	"context"
	"fmt"

	"github.com/cloudwego/kitex/pkg/rpcinfo"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// marshaler is a generated message.
type marshaler interface {
	Marshal(in []byte) ([]byte, error)
}

// fits refuses a message that the peer would refuse. Kitex has no limit of
// its own. Encoding twice costs about two microseconds for our messages.
func fits(m marshaler, maxBytes int) error {
	b, err := m.Marshal(nil)
	if err != nil {
		return fault.Wrap(fault.InternalError, fmt.Errorf("encode message: %w", err))
	}
	if len(b) > maxBytes {
		return fault.New(fault.MessageTooLarge)
	}
	return nil
}

// received is the size of the message that a call's context saw last.
func received(ctx context.Context) uint64 {
	if ri := rpcinfo.GetRPCInfo(ctx); ri != nil && ri.Stats() != nil {
		return ri.Stats().LastRecvSize()
	}
	return 0
}
