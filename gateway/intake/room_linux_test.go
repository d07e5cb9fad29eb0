package intake

import (
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestAFullDiskRefusesTasksAndCountsNothing(t *testing.T) {
	t.Parallel()
	disk := enginetest.OpenDisk(t, 64<<20)
	f := openIn(t, disk.Dir)
	disk.Fill(t, 2<<20)
	enginetest.Await(t, "tasks are refused", func() bool {
		_, err := f.Submit(t.Context(), f.request(""))
		return fault.CodeOf(err) == fault.StorageFull
	})
	before, _ := f.used(t)
	if _, err := f.Submit(t.Context(), f.request("")); fault.CodeOf(err) != fault.StorageFull {
		t.Errorf("err = %v", err)
	}
	if after, _ := f.used(t); after != before {
		t.Errorf("%d are counted after a refusal, %d before", after, before)
	}
	disk.Clear(t)
	enginetest.Await(t, "tasks are taken again", func() bool {
		_, err := f.Submit(t.Context(), f.request(""))
		return err == nil
	})
}
