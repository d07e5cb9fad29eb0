package httpapi

import "testing"

func TestStreamsAtOtherGatewaysCount(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.limits.SessionStreams = 3
	token := h.session()
	path := "/tasks/" + string(h.taskID(token)) + "/stream"
	h.world.elsewhere.Store(2)
	resp, _ := h.watch(path, "Authorization", "Bearer "+token)
	if resp.StatusCode != 200 {
		t.Fatalf("the third stream gets %d", resp.StatusCode)
	}
	if r := h.do("GET", path, token, ""); r.status != 429 || r.code() != "too_many_streams" {
		t.Errorf("the fourth stream gets %d %s", r.status, r.code())
	}
	h.world.elsewhere.Store(1)
	if resp, _ := h.watch(path, "Authorization", "Bearer "+token); resp.StatusCode != 200 {
		t.Errorf("once one ended elsewhere: %d", resp.StatusCode)
	}
}
