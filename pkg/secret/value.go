package secret

// Value is a secret that was opened. It prints as ***.
type Value struct {
	hidden

	sealed bool // it stands for a secret that is not opened yet
}

// New makes a value of a secret that comes from elsewhere than the
// configuration.
func New(text string) Value { return Value{hidden: hide(text)} }

// Sealed stands for a secret before it is opened: a configuration can be judged
// by what is given. Nobody can reveal it.
func Sealed(r Ref) Value { return Value{hidden: r.hidden, sealed: true} }

// Sealed reports whether the secret is not opened yet.
func (v Value) Sealed() bool { return v.sealed && !v.Empty() }

// Reveal is the secret itself. Call it where the secret is used, and nowhere
// else. It panics for one that is sealed.
func (v Value) Reveal() string {
	if v.Sealed() {
		panic("secret: used before it was opened")
	}
	return v.show()
}
