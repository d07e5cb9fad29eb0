package workerrpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"
	"github.com/cloudwego/kitex/pkg/rpcinfo"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const (
	tokenKey    = "authorization"
	tokenPrefix = "Bearer "
)

// source is what gives the token.
func source(token secret.Value, from secret.Source) secret.Source {
	if from.Missing() {
		return secret.From(token)
	}
	return from
}

// refusedSaid is how often a caller without the token is named.
const refusedSaid = time.Minute

// gate refuses calls without the token before it reads their message. Without
// one every call passes: mTLS alone proves the identity then. A token that is
// not there yet lets nobody pass.
type gate struct {
	tokens secret.Source
	log    *slog.Logger
	named  telemetry.SeldomOf // callers that were refused
}

func newGate(tokens secret.Source, log *slog.Logger) *gate {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &gate{tokens: tokens, log: log, named: telemetry.SeldomOf{Every: refusedSaid}}
}

func (g *gate) handler() remote.MetaHandler {
	return remote.NewCustomMetaHandler(remote.WithOnReadStream(g.pass))
}

func (g *gate) pass(ctx context.Context) (context.Context, error) {
	if g.tokens.Missing() {
		return ctx, nil
	}
	token, err := g.tokens.Value()
	if md, _ := metadata.FromIncomingContext(ctx); err == nil && !token.Empty() && slices.ContainsFunc(md.Get(tokenKey), func(v string) bool { return same(v, token) }) {
		return ctx, nil
	}
	if who := caller(ctx); g.named.Worth(who) {
		g.log.Warn("caller refused", "caller", who, "reason", fault.FleetTokenInvalid)
	}
	return ctx, status.Err(codes.Unauthenticated, string(fault.FleetTokenInvalid))
}

// caller is the machine that a call comes from.
func caller(ctx context.Context) string {
	ri := rpcinfo.GetRPCInfo(ctx)
	if ri == nil || ri.From() == nil || ri.From().Address() == nil {
		return "unknown"
	}
	host, _, err := net.SplitHostPort(ri.From().Address().String())
	if err != nil {
		return "unknown"
	}
	return host
}

// same compares hashes, so that the time taken tells nothing of the token.
func same(sent string, token secret.Value) bool {
	got, want := sha256.Sum256([]byte(strings.TrimPrefix(sent, tokenPrefix))), sha256.Sum256([]byte(token.Reveal()))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// authorize adds the token to a call. A token that is not there yet is
// fault.SecretMissing: nothing is sent.
func (c ClientConfig) authorize(ctx context.Context) (context.Context, error) {
	tokens := source(c.Token, c.TokenFrom)
	if tokens.Missing() {
		return ctx, nil
	}
	token, err := tokens.Value()
	if err == nil && token.Empty() {
		err = fault.Wrap(fault.SecretMissing, errors.New("the gateway has not yet written the fleet's token into data.dir"))
	}
	if err != nil {
		return ctx, err
	}
	return metadata.AppendToOutgoingContext(ctx, tokenKey, tokenPrefix+token.Reveal()), nil
}
