package s3server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the server was told.
const (
	AccessKey = "AKTESTACCESS"
	SecretKey = "a-secret-of-the-test"
	Region    = "cn-north-4"
)

const patience = 20 * time.Second

// Server is a running server that ends with its test.
type Server struct {
	Endpoint string
	dir      string
}

// Start serves an empty directory with versitygw, which the module in
// deploy/tools/versitygw pins and the go command builds once. root is the way
// from the test's directory to the repository's. Without the module, as on a
// machine without a network, the test is skipped.
func Start(t *testing.T, root string) Server {
	t.Helper()
	if testing.Short() {
		t.Skip("building an S3 server takes minutes the first time; run without -short")
	}
	binary := find(t, root)
	s := Server{dir: t.TempDir()}
	address := free(t)
	s.Endpoint = "http://" + address
	ctx, stop := context.WithCancel(context.Background())
	serve := exec.CommandContext(ctx, binary, "--port", address, "--access", AccessKey, "--secret", SecretKey,
		"--region", Region, "--quiet", "posix", s.dir)
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
	await(t, address, ended)
	return s
}

// Bucket makes an empty bucket.
func (s Server) Bucket(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Objects names what is in a bucket, past the server.
func (s Server) Objects(t *testing.T, bucket string) []string {
	t.Helper()
	var all []string
	root := filepath.Join(s.dir, bucket)
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, strings.TrimPrefix(path, root+"/"))
		}
		if path != root && errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Fill puts n objects of one age under a prefix, past the server.
func (s Server) Fill(t *testing.T, bucket, prefix string, n int) {
	t.Helper()
	dir := filepath.Join(s.dir, bucket, prefix)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	aside := filepath.Join(t.TempDir(), "one") // all are one file, as old as it is in the end
	if err := os.WriteFile(aside, []byte("a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.Link(aside, filepath.Join(dir, fmt.Sprintf("%06d.jpg", i))); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	if err := os.Chtimes(aside, now, now); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, root string) string {
	t.Helper()
	var stderr strings.Builder
	ask := exec.CommandContext(t.Context(), "go", "tool", "-n", "versitygw")
	ask.Dir, ask.Stderr = filepath.Join(root, "deploy", "tools", "versitygw"), &stderr
	found, err := ask.Output()
	if err != nil {
		t.Skipf("versitygw cannot be built here (is its module in the cache?): %v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(found))
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// await asks until the server listens: it has no way to say so.
func await(t *testing.T, address string, ended <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil { //nolint:noctx // bounded by its time-out
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
