package disk

import (
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/room"
)

// Room is that of the disk.
func (d *Disk) Room() *room.Room { return d.room }

// Space asks the file system how much room there is.
func (d *Disk) Space() (store.Space, error) {
	free, total, err := room.Disk(d.config.Dir)
	if err != nil {
		return store.Space{}, classify(err)
	}
	return store.Space{Free: free, Total: total, MinFree: d.config.MinFree}, nil
}
