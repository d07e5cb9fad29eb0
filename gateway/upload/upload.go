package upload

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Status is where an upload stands.
type Status string

// The two states of an upload. A refused one is gone.
const (
	Pending Status = "pending"
	Ready   Status = "ready"
)

// Upload is one photo of a session. ContentType is the declared one until it
// is ready, then the real one; Width, Height, SHA256, Fingerprint and PHash
// describe the original, upright, and are known when it is ready.
type Upload struct {
	ID          task.UploadID  `json:"id"`
	Session     task.SessionID `json:"session"`
	Status      Status         `json:"status"`
	ContentType string         `json:"contentType"`
	Size        int64          `json:"size"`
	SHA256      string         `json:"sha256,omitempty"` // hex, as declared
	Width       int            `json:"width,omitempty"`
	Height      int            `json:"height,omitempty"`
	Fingerprint string         `json:"fingerprint,omitempty"` // "sha256:…" of the original bytes
	PHash       string         `json:"phash,omitempty"`
	RawKey      string         `json:"rawKey"`
	PhotoKey    string         `json:"photoKey"`
	Consent     string         `json:"consent,omitempty"`  // the policy version that was agreed to
	Metadata    string         `json:"metadata,omitempty"` // of a resumable upload, as the client sent it
	CreatedAt   time.Time      `json:"createdAt"`
	ExpiresAt   time.Time      `json:"expiresAt"`
}

// Consent is what the person agreed to: Given alone means the policy as it
// stands, PolicyVersion names the one that was shown.
type Consent struct {
	Given         bool
	PolicyVersion string
}

// CreateRequest declares a photo.
type CreateRequest struct {
	ContentType string
	Size        int64
	SHA256      string // hex, "" when not declared
	Consent     Consent
	Metadata    string // kept for the client, not looked at
}
