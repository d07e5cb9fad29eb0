package tus

import (
	"cmp"
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	purpose = "tus"
	base36  = 36
	maxNode = 32
)

// ValidNode reports whether a gateway may have this name in its Locations.
// "" is none.
func ValidNode(name string) bool {
	return len(name) <= maxNode && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// signer is what gateway/keys gives.
type signer interface {
	Sign(purpose string, msg []byte) []byte
	Verify(ctx context.Context, purpose string, msg, mac []byte) (bool, error)
}

// location lets whoever has it go on with one upload:
// "<session>.<upload>.<expiry>.<mac>", after "<node>." when this gateway has a
// name. A load balancer reads the name and needs no key.
func (h *Handler) location(up upload.Upload) string {
	what := ""
	if h.deps.Node != "" {
		what = h.deps.Node + "."
	}
	what += string(up.Session) + "." + string(up.ID) + "." + strconv.FormatInt(up.ExpiresAt.Unix(), base36)
	mac := base64.RawURLEncoding.EncodeToString(h.deps.Keys.Sign(purpose, []byte(what)))
	return h.deps.PublicURL + Path + "/" + what + "." + mac
}

// verify reads a location. One past its time is fault.Gone, so clients begin
// anew.
func (h *Handler) verify(ctx context.Context, token string) (session.ID, task.UploadID, error) {
	invalid := fault.New(fault.SignatureInvalid)
	last := strings.LastIndexByte(token, '.')
	if last < 0 {
		return "", "", invalid
	}
	mac, err := keys.Decode(token[last+1:])
	if err != nil {
		return "", "", invalid
	}
	if good, err := h.deps.Keys.Verify(ctx, purpose, []byte(token[:last]), mac); err != nil || !good {
		return "", "", cmp.Or(err, error(invalid))
	}
	parts := strings.Split(token[:last], ".")
	if len(parts) == 4 { // the node is for the way here
		parts = parts[1:]
	}
	if len(parts) != 3 || !task.ValidID(parts[0]) || !task.ValidID(parts[1]) {
		return "", "", invalid
	}
	expiry, err := strconv.ParseInt(parts[2], base36, 64)
	if err != nil {
		return "", "", invalid
	}
	if !h.deps.Now().Before(time.Unix(expiry, 0)) {
		return "", "", fault.New(fault.UploadExpired)
	}
	return session.ID(parts[0]), task.UploadID(parts[1]), nil
}
