package experiment

import "math/rand/v2"

// draws is how often the values of all arms are drawn. A thousand draws give a
// probability to within about two per cent.
const draws = 1000

// Best is the probability of each arm that it is worth the most. The same
// counts give the same answer on every gateway.
func Best(arms []Counts) []float64 {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // nobody gains from guessing it
	wins, all := make([]float64, len(arms)), pooled(arms)
	for range draws {
		best, at := -1.0, 0
		for i, c := range arms {
			if x := c.draw(all, r); x > best {
				best, at = x, i
			}
		}
		if len(wins) > 0 {
			wins[at] += 1.0 / draws
		}
	}
	return wins
}
