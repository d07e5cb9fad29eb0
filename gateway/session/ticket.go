package session

import (
	"cmp"
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	ticketPurpose = "ticket"
	ticketBase    = 36 // of the expiry
	maxTicket     = 96
)

// Ticket is a read-only pass to one task's stream, for clients that cannot
// send a bearer: "<session>.<expiry>.<mac>". The task is in the MAC, not in
// the ticket: whoever presents it names the task in the path.
func (s *Sessions) Ticket(id ID, t task.ID, until time.Time) string {
	expiry := strconv.FormatInt(until.Unix(), ticketBase)
	mac := s.keys.Sign(ticketPurpose, ticketMessage(string(id), t, expiry))
	return string(id) + "." + expiry + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// VerifyTicket says whose ticket this is if it is for this task and has not
// expired. An expired one is fault.NotFound: the task is gone by then too. Like
// Verify it asks the engine only when it has to.
func (s *Sessions) VerifyTicket(ctx context.Context, ticket string, t task.ID) (ID, error) {
	invalid := fault.New(fault.TicketInvalid)
	if len(ticket) > maxTicket {
		return "", invalid
	}
	id, rest, _ := strings.Cut(ticket, ".")
	expiry, encoded, _ := strings.Cut(rest, ".")
	mac, err := keys.Decode(encoded)
	if err != nil || !task.ValidID(id) {
		return "", invalid
	}
	if good, err := s.keys.Verify(ctx, ticketPurpose, ticketMessage(id, t, expiry), mac); err != nil || !good {
		return "", cmp.Or(err, error(invalid))
	}
	seconds, err := strconv.ParseInt(expiry, ticketBase, 64)
	if err != nil {
		return "", invalid
	}
	if err := s.checkErased(ctx, ID(id)); err != nil {
		return "", err
	}
	if s.now().Unix() >= seconds {
		return "", fault.New(fault.TicketExpired)
	}
	return ID(id), nil
}

func ticketMessage(id string, t task.ID, expiry string) []byte {
	return []byte(id + "\n" + string(t) + "\n" + expiry)
}
