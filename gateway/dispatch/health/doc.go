// Package health sums up what calls say about the providers: breakers that
// leave a failing provider alone in a region, how many calls at once a
// provider bears, how long its calls take, and how many calls may be hedged.
// gateway/dispatch reports every call and asks before the next. Nothing here
// does I/O, reads a clock or has a lock: time is an argument, and whoever owns
// a Health guards it.
package health
