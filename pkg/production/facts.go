package production

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// The values of the key environment.
const (
	Dev  = "dev"
	Prod = "prod"
)

// Proof is what a listener asks of its callers beyond loopback.
type Proof int

// What listeners ask for.
const (
	Nothing Proof = iota // it is for everybody
	Both                 // TLS and a token
	Mutual               // mutual TLS
)

// Listener is an address at which a program listens, by its key.
type Listener struct {
	Key, Address string // "" does not listen
	Proof        Proof
	TLS          bool // for Mutual: of both sides
	Token        bool // is configured
}

// section is where its key stands.
func (l Listener) section() string {
	section, _, _ := strings.Cut(l.Key, ".")
	return section
}

// Link is an address that others are given, by its key.
type Link struct{ Key, URL string }

// Lack is a key that is missing, and what it must be.
type Lack struct{ Key, Wanted string }

// Provider is what the table asks of one.
type Provider struct {
	Name         string
	Real, Priced bool
}

// Facts are what a program knows of its configuration. What another program
// reads of it is not here; Providers is nil when there is nothing to ask of
// them.
type Facts struct {
	Environment string // "" where it is not said
	Listeners   []Listener
	Secrets     []secret.Named
	Links       []Link
	Providers   []Provider
	Egress      []string
	Lacks       []Lack // without which nobody finds the program
}

// Validate gives every fault of these facts: an environment that is none, or
// is not said although others reach a listener, and in prod each broken row.
// In dev only what is never safe is refused.
func (x Facts) Validate() error {
	var faults check.Faults
	switch x.Environment {
	case Prod:
		for _, r := range Rows() {
			r.find(x, &faults)
		}
		return faults.Err()
	case "":
		for _, l := range x.Listeners {
			faults.If(check.Beyond(l.Address), "environment: must be said, dev or prod, because others reach %s at %s", l.Key, l.Address)
		}
	case Dev:
	default:
		faults.Say("environment: must be dev or prod, is %q", x.Environment)
	}
	unproved(x, &faults)
	return faults.Err()
}
