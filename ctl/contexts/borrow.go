package contexts

// Borrow selects x until give is called, which brings back what was selected
// before. A borrower that is killed leaves x selected; the next one still
// knows where to come back to.
func (f File) Borrow(x Context) (give func() error, err error) {
	err = f.Update(func(c *Config) error {
		if c.Current != x.Name {
			c.Previous = c.Current
		}
		c.Put(x)
		c.Current = x.Name
		return nil
	})
	return func() error { return f.Update(func(c *Config) error { c.giveBack(x); return nil }) }, err
}

// giveBack forgets x, unless somebody has put something else in its place,
// and selects what was there before, unless somebody has selected otherwise.
func (c *Config) giveBack(x Context) {
	if now, err := c.Find(x.Name); err != nil || now != x {
		return
	}
	c.Remove(x.Name)
	if c.Current == x.Name {
		c.Current = c.Previous
	}
	c.Previous = ""
}
