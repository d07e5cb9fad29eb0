package workerrpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/codes"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/metadata"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/status"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	tokenKey    = "authorization"
	tokenPrefix = "Bearer "
)

// gatekeeper refuses calls without the token before it reads their message. An
// empty token lets every call pass: mTLS alone proves the identity then.
func gatekeeper(token secret.Value) remote.MetaHandler {
	want := sha256.Sum256([]byte(token.Reveal()))
	return remote.NewCustomMetaHandler(remote.WithOnReadStream(func(ctx context.Context) (context.Context, error) {
		if token.Empty() {
			return ctx, nil
		}
		md, _ := metadata.FromIncomingContext(ctx)
		for _, v := range md.Get(tokenKey) {
			got := sha256.Sum256([]byte(strings.TrimPrefix(v, tokenPrefix)))
			if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
				return ctx, nil
			}
		}
		return ctx, status.Err(codes.Unauthenticated, string(fault.FleetTokenInvalid))
	}))
}
