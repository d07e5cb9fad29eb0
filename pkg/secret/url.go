package secret

import "strings"

// URL is an address in the configuration whose user information may be a
// secret. It may be a reference, too.
type URL struct{ Ref }

// NewURL is what a configuration would read from text.
func NewURL(text string) URL { return URL{Ref{hidden: hide(text), address: true}} }

// UnmarshalText keeps the address. Its errors say nothing of what it was.
func (u *URL) UnmarshalText(text []byte) error {
	if err := u.Ref.UnmarshalText(text); err != nil {
		return err
	}
	u.address = true
	return nil
}

// Public is the address without its user information, to be judged and shown.
// It is "" for a reference.
func (u URL) Public() string {
	if u.reference() {
		return ""
	}
	text := u.show()
	at := strings.LastIndex(text, "@")
	if at < 0 {
		return text
	}
	scheme, _, found := strings.Cut(text[:at], "://")
	if !found {
		return text[at+1:]
	}
	return scheme + "://" + text[at+1:]
}
