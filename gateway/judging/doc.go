// Package judging has workers judge photos, in turns: gateway/upload feeds it what
// was sent, and it asks gateway/fleet. The photos of one session, or of one network,
// do not make a stranger wait for all of them.
package judging
