package httpapi

import (
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"
)

func TestNobodyReadsASocketThatTheLibraryTookBack(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.limits.SessionStreams = 0
	token := h.session()
	id := h.taskID(token)
	path := strings.Replace(h.streamPath(token, id), "/stream", "/ws", 1)
	h.world.publish(id, succeed)
	var clients sync.WaitGroup
	for range 8 { // a finished task's socket ends as soon as it began
		clients.Go(func() {
			for i := range 50 {
				after := []string{"", "&after=2"}[i%2] // from the start, and when there is nothing left to say
				conn, _, _, err := ws.Dial(t.Context(), strings.Replace(h.base, "http", "ws", 1)+path+after)
				if err != nil {
					t.Error(err)
					return
				}
				_ = conn.Close()
			}
		})
	}
	clients.Wait()
	eventually(t, func() bool { return h.world.readers(id) == 0 })
}
