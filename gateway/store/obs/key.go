package obs

import (
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
)

// Objects lie by what they are, so that the bucket's rules, and the people
// who look at it, can treat uploads and results differently. Store's keys
// begin with the session.
const (
	uploadsRoot = "uploads/"
	resultsRoot = "results/"
	othersRoot  = "others/"
	// copiedRoot holds an empty note for every copy, which says how old the
	// copied picture is. The bucket itself counts from the moment of copying.
	copiedRoot = "copied/"
)

var roots = [...]string{uploadsRoot, resultsRoot, othersRoot}

// name is where an object lies in the bucket.
func name(key string) string {
	session, rest, _ := strings.Cut(key, "/")
	if upload, ok := strings.CutPrefix(rest, "uploads/"); ok {
		return uploadsRoot + session + "/" + upload
	}
	if result, ok := strings.CutPrefix(rest, "tasks/"); ok {
		return resultsRoot + session + "/" + result
	}
	return othersRoot + session + "/" + rest
}

// keyOf is the way back; a name that we did not write has none.
func keyOf(name string) (key string, ok bool) {
	root, rest, _ := strings.Cut(name, "/")
	session, rest, _ := strings.Cut(rest, "/")
	switch root + "/" {
	case uploadsRoot:
		key = session + "/uploads/" + rest
	case resultsRoot:
		key = session + "/tasks/" + rest
	case othersRoot:
		key = session + "/" + rest
	}
	return key, store.ValidKey(key)
}

// names are the prefixes under which everything of a key's prefix lies: all
// roots for a whole session.
func names(prefix string) []string {
	if session, rest, _ := strings.Cut(prefix, "/"); rest == "" {
		var all []string
		for _, root := range roots {
			all = append(all, root+session+"/")
		}
		return all
	}
	return []string{name(prefix)}
}

// note is the name of a copy's note. It sorts by session, so that a session's
// notes are found together.
func note(key string, written time.Time) string {
	session, rest, _ := strings.Cut(key, "/")
	return copiedRoot + session + "/" + strconv.FormatInt(written.Unix(), 10) + "/" + rest
}

// parseNote is the way back; a name that we did not write has none.
func parseNote(name string) (key string, written time.Time, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(name, copiedRoot), "/", 3)
	if len(parts) != 3 {
		return "", time.Time{}, false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	return parts[0] + "/" + parts[2], time.Unix(seconds, 0), err == nil
}
