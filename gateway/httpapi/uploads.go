package httpapi

import (
	"context"
	"net/http"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// uploadDocument describes an upload: where to send it while it is pending,
// what it is once it is ready.
func (s *Server) uploadDocument(u upload.Upload) client.Upload {
	d := client.Upload{
		UploadID: u.ID, Status: string(u.Status), FileURL: s.deps.Store.URL(u.PhotoKey, u.ExpiresAt),
		ContentType: u.ContentType, Size: u.Size, Width: u.Width, Height: u.Height, Fingerprint: u.Fingerprint,
		CreatedAt: u.CreatedAt.UTC(), ExpiresAt: u.ExpiresAt.UTC(),
	}
	if u.Status != upload.Ready {
		d.UploadURL, d.Headers = s.deps.Uploads.PutURL(u)
		d.Method = http.MethodPut
	}
	return d
}

func (s *Server) createUpload(ctx context.Context, c *call) error {
	in, err := c.json()
	if err != nil {
		return err
	}
	r := upload.CreateRequest{
		ContentType: in.String("contentType", strictjson.Required),
		SHA256:      in.String("sha256", strictjson.Optional),
	}
	if size := in.Int("size", strictjson.Required); size != nil {
		r.Size = *size
	}
	r.Consent = readConsent(in)
	if err := in.Err(); err != nil {
		return err
	}
	u, reused, err := s.deps.Uploads.Create(ctx, c.owner, r)
	if err != nil {
		return err
	}
	if reused {
		return c.answer(http.StatusOK, s.uploadDocument(u))
	}
	c.set("Location", "/uploads/"+string(u.ID))
	return c.answer(http.StatusCreated, s.uploadDocument(u))
}

// readConsent accepts true, or {policyVersion}.
func readConsent(in *strictjson.Object) upload.Consent {
	switch in.Kind("consent") {
	case "object":
		o := in.Object("consent")
		return upload.Consent{Given: true, PolicyVersion: o.String("policyVersion", strictjson.Required)}
	case "boolean", "null":
		b := in.Bool("consent")
		return upload.Consent{Given: b != nil && *b}
	default:
		in.Bool("consent") // reports the wrong type
		return upload.Consent{}
	}
}

func (s *Server) showUpload(ctx context.Context, c *call, id task.UploadID) error {
	u, err := s.deps.Uploads.Get(ctx, c.owner, id)
	return c.upload(u, err)
}

func (s *Server) completeUpload(ctx context.Context, c *call, id task.UploadID) error {
	ctx, stop := c.whileThere(ctx)
	defer stop()
	u, err := s.deps.Uploads.Complete(ctx, c.owner, c.client, id) // bounds itself: a worker may judge for a while
	return c.upload(u, err)
}

func (c *call) upload(u upload.Upload, err error) error {
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, c.s.uploadDocument(u))
}

func (s *Server) deleteUpload(ctx context.Context, c *call, id task.UploadID) error {
	r, err := s.deps.Erasure.Upload(ctx, c.owner, id)
	return c.receipt(r, err)
}
