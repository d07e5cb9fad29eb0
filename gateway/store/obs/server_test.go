package obs

import (
	"testing"

	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	testAccess = s3server.AccessKey
	testSecret = s3server.SecretKey
)

// server is a real S3-compatible server.
type server struct{ s3server.Server }

func startServer(t *testing.T) server {
	t.Helper()
	return server{s3server.Start(t, "../../..")}
}

// open makes an empty bucket.
func (s server) open(t *testing.T) *Bucket {
	t.Helper()
	c := Defaults()
	c.Endpoint, c.Bucket = s.Endpoint, "imgfleet-"+task.NewID()
	c.AccessKey, c.SecretKey, c.Signature, c.PathStyle, c.Region = secret.New(testAccess), secret.New(testSecret), SignatureV4, true, s3server.Region
	s.Bucket(t, c.Bucket)
	b, err := Open(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.transport.CloseIdleConnections)
	return b
}
