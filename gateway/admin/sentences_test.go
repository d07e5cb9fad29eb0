package admin

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

func TestEveryCodeOfOperatorsHasASentence(t *testing.T) {
	t.Parallel()
	said := sentences()
	for name, code := range faulttest.Codes(t) {
		switch _, ok := said[code]; {
		case code == fault.NotTheAdminAPI: // the client says it
		case !ok && !code.Public() && !code.Inside():
			t.Errorf("fault.%s has no sentence in sentences.go", name)
		case ok && code.Inside():
			t.Errorf("fault.%s never leaves the house and has a sentence", name)
		}
	}
}
