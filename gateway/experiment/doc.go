// Package experiment gives sessions the arms of the experiment that is
// running, counts what the arms did, and says how sure that makes of which is
// the best. The policy feeds it arms and weights; gateway/intake writes what it
// gives into the job, which gateway/routing obeys; gateway/dispatch feeds it
// tasks that ended and gateway/intake what people think of their pictures.
package experiment
