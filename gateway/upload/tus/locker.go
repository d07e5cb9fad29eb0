package tus

import (
	"context"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// locker lets one request at a time work on an upload. A newer request interrupts
// the one before: a phone that comes again has given that connection up.
// partial.Files has a lock against other gateways.
type locker struct{ memory *memorylocker.MemoryLocker }

// NewLock names the lock of an upload.
func (l locker) NewLock(id string) (handler.Lock, error) {
	inner, err := l.memory.NewLock(id)
	return lock{inner}, err
}

type lock struct{ inner handler.Lock }

// Lock waits for its turn.
func (l lock) Lock(ctx context.Context, _ func()) error {
	if err := l.inner.Lock(ctx, visitOf(ctx).overtake); err != nil {
		return refuse(ctx, fault.Wrap(fault.UploadLocked, err))
	}
	return nil
}

// Unlock lets the next one in.
func (l lock) Unlock() error { return l.inner.Unlock() }
