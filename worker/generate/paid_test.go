package generate

import (
	"net/http"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// A store that is away for longer than a few tries loses no paid picture, and
// the vendor is not asked again.
func TestAPaidPictureWaitsForAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(c *Config, _ *Parts) { c.StoreWithin = time.Minute })
	away := map[string]int{}
	b.shelf.refuse = func(method, path string) int {
		if away[path]++; method == http.MethodPut && away[path] <= tries+1 {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	o, _, err := b.generate(t.Context(), b.attempt(1))
	if err != nil || o.Result != task.OK || b.shelf.get("/1.jpg") == nil {
		t.Errorf("outcome %+v, err %v", o, err)
	}
	if n := b.stub.calls.Load(); n != 1 {
		t.Errorf("the vendor was asked %d times", n)
	}
}
