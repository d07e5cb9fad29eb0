package httpapi

import (
	"testing"
	"time"
)

func TestWaitingEndsWhenTheEngineIsLost(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.lost = make(chan struct{})
	token := h.session()
	id := h.taskID(token)
	waiting := make(chan reply, 1)
	go func() { waiting <- h.do("GET", "/tasks/"+string(id)+"?wait=20", token, "") }()
	eventually(t, func() bool { return h.world.readers(id) == 1 })
	close(h.world.lost)
	select {
	case r := <-waiting:
		if r.status != 200 || r.json(t)["taskId"] != string(id) {
			t.Errorf("what is known: %d %s", r.status, r.body)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits for the engine")
	}
}
