package enginetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

// An engine whose directory is gone cannot be opened again: the process is to
// end, for its supervisor to start it anew.
func TestAnEngineThatCannotBeHelpedEndsItsProcess(t *testing.T) {
	t.Parallel()
	disk := enginetest.OpenDisk(t, smallDisk)
	a := attend(t, disk.Dir)
	disk.Fill(t, 200<<10)
	flood(t, a.ClientURL())
	soon(t, "it is told", func() bool { return strings.Contains(a.log.String(), "waits for room") })
	dir := filepath.Join(disk.Dir, "engine")
	if err := os.Rename(dir, dir+"-lost"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	disk.Clear(t)
	if err := <-a.ended; err == nil || !strings.Contains(err.Error(), "stays broken") {
		t.Errorf("it ended with %v", err)
	}
	if said := strings.Count(a.log.String(), "engine was not opened again"); said != 3 {
		t.Errorf("tried %d times:\n%s", said, a.log)
	}
}
