package rig

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const setupLanes = 8

// Photo draws a JPEG that is no two pixels alike, as large as a person's
// phone sends after scaling, or smaller.
func Photo(width, height int) ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{R: uint8(x * 255 / width), G: uint8(y * 255 / height), B: uint8((x ^ y) & 255), A: 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

// Owners makes n sessions, each with the photo uploaded and judged. It needs
// a worker.
func (r *Rig) Owners(ctx context.Context, n int, photo []byte) ([]load.Owner, error) {
	c, err := r.Client()
	if err != nil {
		return nil, err
	}
	owners := make([]load.Owner, n)
	return owners, rig.Parallel(setupLanes, n, func(i int) (err error) {
		owners[i], err = owner(ctx, c, photo)
		return err
	})
}

func owner(ctx context.Context, c *client.Client, photo []byte) (load.Owner, error) {
	s, err := c.NewSession(ctx)
	if err != nil {
		return load.Owner{}, fmt.Errorf("session: %w", err)
	}
	u, err := s.Upload(ctx, "image/jpeg", photo)
	if err != nil {
		return load.Owner{}, fmt.Errorf("photo: %w", err)
	}
	return load.Owner{Session: s.ID(), Token: s.Token(), Upload: u.UploadID}, nil
}

// Client speaks the public API to the gateway.
func (r *Rig) Client() (*client.Client, error) {
	c := client.Defaults()
	c.BaseURL, c.HTTP = r.URL(), client.NewHTTP(setupLanes)
	return client.New(c)
}
