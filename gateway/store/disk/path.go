package disk

import (
	"path/filepath"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/store"
)

const shardLength = 2

// path is where an object lies. Keys have no '~', so the way back is unique.
func (d *Disk) path(key string) (dir, path string) {
	session, rest, _ := strings.Cut(key, "/")
	dir = d.sessionDir(session)
	return dir, filepath.Join(dir, strings.ReplaceAll(rest, "/", "~"))
}

func (d *Disk) sessionDir(session string) string {
	return filepath.Join(d.root, session[:shardLength], session)
}

// key is the way back; a file that we did not write has none.
func key(session, file string) (string, bool) {
	k := session + "/" + strings.ReplaceAll(file, "~", "/")
	return k, store.ValidKey(k)
}
