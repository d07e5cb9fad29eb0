package obs

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	testAccess = "AKTESTACCESS"
	testSecret = "a-secret-of-the-test"
	testRegion = "cn-north-4"
)

// server is a real S3-compatible server that the test built and started.
type server struct{ endpoint string }

// startServer builds versitygw, which is a module of its own beside ours, and
// serves a directory with it. Without the module, as on a machine without a
// network, there is nothing to ask.
func startServer(t *testing.T) server {
	t.Helper()
	if testing.Short() {
		t.Skip("building an S3 server takes a minute; run without -short")
	}
	find := exec.CommandContext(t.Context(), "go", "tool", "-n", "versitygw")
	find.Dir = filepath.Join("..", "..", "..", "deploy", "tools", "versitygw")
	var stderr strings.Builder
	find.Stderr = &stderr
	found, err := find.Output()
	if err != nil {
		t.Skipf("versitygw cannot be built here (is its module in the cache?): %v\n%s", err, stderr.String())
	}
	binary := strings.TrimSpace(string(found))
	address := freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	serve := exec.CommandContext(ctx, binary, "--port", address, "--access", testAccess, "--secret", testSecret,
		"--region", testRegion, "--quiet", "posix", t.TempDir())
	serve.Cancel = func() error { return serve.Process.Signal(os.Interrupt) }
	serve.WaitDelay = 5 * time.Second
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = serve.Wait() // it is told to end
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	awaitServer(t, address, ended)
	return server{endpoint: "http://" + address}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func awaitServer(t *testing.T, address string, ended <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-ended:
			t.Fatal("versitygw ended at once")
		case <-timeout:
			t.Fatal("versitygw does not listen")
		case <-tick.C:
		}
	}
}

func (s server) config() Config {
	c := Defaults()
	c.Endpoint, c.Bucket = s.endpoint, "imgfleet-"+task.NewID()
	c.AccessKey, c.SecretKey, c.Signature, c.PathStyle, c.Region = testAccess, testSecret, SignatureV4, true, testRegion
	return c
}

// open makes an empty bucket.
func (s server) open(t *testing.T) *Bucket {
	t.Helper()
	c := s.config()
	b := &Bucket{config: c, http: &http.Client{}, transport: &http.Transport{}}
	client, err := b.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateBucket(&sdk.CreateBucketInput{Bucket: c.Bucket}, b.dated()); err != nil {
		t.Fatal(err)
	}
	if b, err = Open(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.transport.CloseIdleConnections)
	return b
}
