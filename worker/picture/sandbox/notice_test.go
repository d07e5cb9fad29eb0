package sandbox

import (
	"os"
	"strings"
	"testing"
)

// NOTICE names the version that is built in.
func TestTheNoticeNamesTheDecoder(t *testing.T) {
	t.Parallel()
	notice, mod := string(repositoryFile(t, "NOTICE")), string(repositoryFile(t, "go.mod"))
	const module = "github.com/gen2brain/heic "
	_, rest, ok := strings.Cut(mod, module)
	version, _, _ := strings.Cut(rest, "\n")
	if !ok || !strings.Contains(notice, module+version+" (") {
		t.Errorf("NOTICE does not name %s%s", module, version)
	}
	for _, part := range []string{"libheif", "libde265", "Lesser General Public License", "worker/picture/sandbox/LGPL-3.0.txt"} {
		if !strings.Contains(notice, part) {
			t.Errorf("NOTICE does not name %s", part)
		}
	}
}

func repositoryFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
