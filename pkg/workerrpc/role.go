package workerrpc

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
)

// Role is what a certificate of the fleet is good for. It is told by a URI
// among the certificate's alternative names: imgfleet:gateway or
// imgfleet:worker. A certificate without one is good for both.
type Role string

// The roles of the fleet.
const (
	RoleGateway Role = "gateway"
	RoleWorker  Role = "worker"
)

// peer is whom a process of this role talks to.
func (r Role) peer() Role {
	if r == RoleGateway {
		return RoleWorker
	}
	return RoleGateway
}

// roleError says that a certificate is good for something else.
type roleError struct {
	want  Role
	named []Role
}

func (e *roleError) Error() string {
	return fmt.Sprintf("the certificate is for the role %q (a URI imgfleet:… in it says so), not for a %s", e.named, e.want)
}

// rolesOf lists what a certificate says that it is good for.
func rolesOf(c *x509.Certificate) (named []Role) {
	for _, u := range c.URIs {
		if u.Scheme == "imgfleet" {
			named = append(named, Role(u.Opaque))
		}
	}
	return named
}

// admits refuses the certificate of another role.
func (r Role) admits(c *x509.Certificate) error {
	if named := rolesOf(c); len(named) > 0 && !slices.Contains(named, r) {
		return &roleError{r, named}
	}
	return nil
}

// verify is for connections whose other side must have this role.
func (r Role) verify(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return nil // the listener demands one, and a server always has one
	}
	return r.admits(s.PeerCertificates[0])
}
