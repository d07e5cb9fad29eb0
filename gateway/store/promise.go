package store

import (
	"context"

	"github.com/imgfleet/imgfleet/gateway/store/room"
)

// roomy is a Driver that fills a disk which others may fill, too.
type roomy interface {
	Room() *room.Room
}

// Fits says fault.StorageFull when n bytes have no room beside what is
// promised. A driver without a disk has room for all.
func (s *Store) Fits(ctx context.Context, n int64) error {
	d, ok := s.driver.(roomy)
	if !ok {
		return nil
	}
	_, err := ask(ctx, s.gate, func(context.Context) (struct{}, error) { return struct{}{}, d.Room().Fits(n) }, nil)
	return err
}

// Promise sets n bytes aside for a body that begins to come.
func (s *Store) Promise(ctx context.Context, n int64) (*room.Promise, error) {
	d, ok := s.driver.(roomy)
	if !ok {
		return nil, nil //nolint:nilnil // nil sets nothing aside
	}
	return ask(ctx, s.gate, func(context.Context) (*room.Promise, error) { return d.Room().Promise(n) }, (*room.Promise).Return)
}
