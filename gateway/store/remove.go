package store

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// refresher is what gateway/store/cdn/refresh gives.
type refresher interface {
	// Hold notes addresses before their objects are removed, Release that
	// they are gone. What was held is sent in any case.
	Hold(ctx context.Context, urls []string) (held []string, err error)
	Release(ctx context.Context, held []string)
	// Directory has everything beneath an address forgotten.
	Directory(ctx context.Context, url string) error
}

// Removed says what a removal found.
type Removed struct {
	Objects int
	Cached  int // pictures of which a CDN may hold a copy for a while
}

// Remove removes every object under a prefix such as "<session>/". Their
// addresses at the CDN are noted first: once the objects are gone, nobody
// knows them any more. A removal that was cut short is finished by calling
// again.
func (s *Store) Remove(ctx context.Context, prefix string) (Removed, error) {
	if !validPrefix(prefix) {
		return Removed{}, errKey(prefix)
	}
	urls, err := s.cached(ctx, prefix)
	if err != nil {
		return Removed{}, fmt.Errorf("list objects: %w", err)
	}
	var held []string
	if s.refresh != nil && len(urls) > 0 {
		if held, err = s.refresh.Hold(ctx, urls); err != nil {
			return Removed{}, fmt.Errorf("delete objects: %w", err)
		}
	}
	n, err := s.driver.DeletePrefix(ctx, prefix)
	gone := Removed{Objects: n, Cached: len(urls)}
	if err != nil {
		return gone, fmt.Errorf("delete objects: %w", err)
	}
	if len(held) > 0 {
		s.refresh.Release(ctx, held)
	}
	return gone, nil
}

// cached lists the addresses at the CDN of what lies under a prefix.
func (s *Store) cached(ctx context.Context, prefix string) ([]string, error) {
	if s.cdn == nil || s.direct == nil {
		return nil, nil
	}
	var urls []string
	for e, err := range s.driver.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if _, rest, _ := strings.Cut(e.Key, "/"); strings.HasPrefix(rest, resultsPrefix) && path.Ext(rest) != ".json" {
			urls = append(urls, s.cdn.Address(s.direct.Path(e.Key)))
		}
	}
	return urls, nil
}

// RefreshCDN has the CDN forget the results of one session, or all of them
// when it is "". It says which address it named. Without a CDN that can be
// told, it is fault.CDNNotConfigured. A dry run is for who only
// wants to know.
func (s *Store) RefreshCDN(ctx context.Context, session string, dry DryRun) (address string, err error) {
	if s.cdn == nil || s.direct == nil || s.refresh == nil {
		return "", fault.New(fault.CDNNotConfigured)
	}
	address = s.cdn.Address(s.direct.ResultsPath(session))
	if dry {
		return address, nil
	}
	return address, s.refresh.Directory(ctx, address)
}

// DryRun only says what would be done.
type DryRun bool
