package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// The operator's words are the gateway's, wherever they are written.
func TestTheOperatorsWordsRefuseANote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(file, []byte("# ours\n竞品名\nacme corp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, t.TempDir(), "--config", config(t, "latency=50ms", map[string]any{
		"moderation": map[string]any{"words": []string{"Rival"}, "wordsFile": file},
	}))
	p := newPerson(t, d, 1)
	for note, want := range map[string]bool{"our RIVAL, please": true, "竞 品 名": true, "with Acme  Corp.": true, "with a hat": false} {
		body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q,"options":{"note":%q}}`, p.upload.UploadID, styleID, placeID, note)
		status, problem := raw(t, p.Token(), http.MethodPost, d.public[0]+"/tasks", body)
		if refused := status == http.StatusUnprocessableEntity && problem.Code == fault.NoteRefused; refused != want {
			t.Errorf("%q: %d %s", note, status, problem.Code)
		}
	}
}

func TestAFileOfWordsThatIsMissingIsNamedAtStart(t *testing.T) {
	t.Parallel()
	g := startByHand(t, rig.Gateway, map[string]any{"moderation": map[string]any{"wordsFile": "/absent"}, "data": map[string]any{"dir": t.TempDir()}})
	if said := g.ended(t); !strings.Contains(said, "moderation.wordsFile (line 1): ") {
		t.Errorf("it said\n%s", said)
	}
}
