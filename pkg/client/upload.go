package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Upload is a photo on its way or ready.
type Upload struct {
	UploadID    task.UploadID     `json:"uploadId"`
	Status      string            `json:"status"`
	UploadURL   string            `json:"uploadUrl,omitempty"`
	Method      string            `json:"method,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	FileURL     string            `json:"fileUrl"`
	ContentType string            `json:"contentType"`
	Size        int64             `json:"size"`
	Width       int               `json:"width,omitempty"`
	Height      int               `json:"height,omitempty"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	CreatedAt   time.Time         `json:"createdAt"`
	ExpiresAt   time.Time         `json:"expiresAt"`
}

// Ready reports whether tasks can use the photo.
func (u Upload) Ready() bool { return u.Status == "ready" }

// NewUpload declares a photo.
type NewUpload struct {
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256,omitempty"`
	Consent     bool   `json:"consent"`
}

// Upload sends a photo and waits until it is ready. A photo that the session
// sent before is not sent again.
func (s *Session) Upload(ctx context.Context, contentType string, photo []byte) (Upload, error) {
	sum := sha256.Sum256(photo)
	u, err := s.CreateUpload(ctx, NewUpload{
		ContentType: contentType, Size: int64(len(photo)), SHA256: hex.EncodeToString(sum[:]), Consent: true,
	})
	if err != nil || u.Ready() {
		return u, err
	}
	if err := s.client.Put(ctx, u, photo); err != nil {
		return u, err
	}
	return s.CompleteUpload(ctx, u.UploadID)
}

// CreateUpload declares a photo and learns where to send it.
func (s *Session) CreateUpload(ctx context.Context, n NewUpload) (Upload, error) {
	return ask[Upload](ctx, s, http.MethodPost, "/uploads", n)
}

// Put sends the bytes of a declared photo to its signed address.
func (c *Client) Put(ctx context.Context, u Upload, photo []byte) error {
	h := http.Header{}
	for name, value := range u.Headers {
		h[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	_, err := c.do(ctx, call{method: http.MethodPut, url: u.UploadURL, header: h, body: photo})
	return err
}

// CompleteUpload has the sent bytes judged. Calling it again is harmless.
func (s *Session) CompleteUpload(ctx context.Context, id task.UploadID) (Upload, error) {
	return ask[Upload](ctx, s, http.MethodPost, "/uploads/"+string(id)+"/complete", struct{}{})
}

// GetUpload asks how a photo stands.
func (s *Session) GetUpload(ctx context.Context, id task.UploadID) (Upload, error) {
	return ask[Upload](ctx, s, http.MethodGet, "/uploads/"+string(id), nil)
}

// DeleteUpload removes a photo.
func (s *Session) DeleteUpload(ctx context.Context, id task.UploadID) (Receipt, error) {
	return ask[Receipt](ctx, s, http.MethodDelete, "/uploads/"+string(id), nil)
}
