// Package experiment gives each session an arm of the running experiment,
// counts what the arms did, and says how probable it is that an arm is the
// best. gateway/policy has the arms and their weights. gateway/intake writes
// the arm into the job, and gateway/routing plans by it. gateway/dispatch
// reports tasks that have ended, gateway/intake the feedback on pictures.
package experiment
