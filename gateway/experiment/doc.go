// Package experiment gives sessions the arms of the experiment that is
// running. The policy feeds it arms and weights; gateway/intake writes what it
// gives into the job, which gateway/routing obeys.
package experiment
