package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// fullAfter is when a client that found no room may come again.
const fullAfter = 5 * time.Second

// Bind binds the public listener, which takes as many connections as
// Config.Gate says. Whoever serves it first, and afterwards, they are counted
// together.
func Bind(ctx context.Context, c Config, log *slog.Logger) (*gate.Listener, error) {
	proxies, err := parseProxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	text, err := loadSentences()
	if err != nil {
		return nil, err
	}
	inner, err := wire.Bind(ctx, c.Listen)
	if err != nil {
		return nil, err
	}
	c.Gate.Uncounted = slices.Concat(c.Gate.Uncounted, proxies)
	c.Gate.Answer, c.Gate.Logger = text.full, log
	return gate.On(inner, c.Gate), nil
}

// full is the answer to a connection for which there is no room.
func (s sentences) full() []byte {
	id, f := newRequestID(), fault.New(fault.GatewayFull).After(fullAfter)
	p := s.describe(f, chinese, id)
	body, _ := sonic.Marshal(p)
	return wholeAnswer(p.Status, id, body, fmt.Sprintf("Retry-After: %d\r\n", retryAfter(f, p.Status)))
}
