package health

const buckets = 10

// recently counts events, and how many of them were of one kind, over the
// last ten slices of time.
type recently struct {
	counts [buckets]struct{ all, some int }
	newest int64
}

// roll forgets what is older than ten slices.
func (r *recently) roll(slice int64) {
	for n := min(slice-r.newest, buckets); n > 0; n-- {
		r.counts[(slice-n+1)%buckets].all, r.counts[(slice-n+1)%buckets].some = 0, 0
	}
	r.newest = max(slice, r.newest)
}

func (r *recently) add(slice int64, some bool) {
	r.roll(slice)
	c := &r.counts[r.newest%buckets]
	c.all++
	if some {
		c.some++
	}
}

// last sums up the newest slices.
func (r *recently) last(slices int64) (all, some int) {
	for i := range min(slices, r.newest+1) {
		c := r.counts[(r.newest-i)%buckets]
		all, some = all+c.all, some+c.some
	}
	return all, some
}
