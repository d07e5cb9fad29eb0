package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// metadata says what our tus asks for: the type and a person's consent.
const metadata = "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ=="

// uploader runs an Upload.
type uploader struct {
	job   Upload
	photo []byte
	conns []net.Conn
	next  atomic.Int64
}

func (u *uploader) prepare(ctx context.Context) error {
	if u.job.Conns < 1 || u.job.Bytes < 1 || (u.job.Tus == "") == (len(u.job.Paths) == 0) {
		return errors.New("an upload needs connections, bytes, and either paths or tus")
	}
	if u.job.Tus == "" {
		u.job.Count = len(u.job.Paths)
	}
	u.photo = make([]byte, u.job.Bytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(u.photo)
	for range u.job.Conns {
		c, err := dial(ctx, u.job.Addr)
		if err != nil {
			return err
		}
		u.conns = append(u.conns, c)
	}
	return nil
}

func (u *uploader) close() {
	for _, c := range u.conns {
		_ = c.Close()
	}
}

func (u *uploader) run(ctx context.Context) (Result, error) {
	return drive(len(u.conns), func(i int, _ time.Time) ([]time.Duration, error) { return u.drive(ctx, u.conns[i]) })
}

// drive sends one photo after another over one connection. An answer that is
// not good ends the run: a refused upload costs less than a taken one.
func (u *uploader) drive(ctx context.Context, c net.Conn) (times []time.Duration, err error) {
	answers := newReader(c)
	answers.keeps = true
	for ctx.Err() == nil {
		n := u.next.Add(1) - 1
		if n >= int64(u.job.Count) {
			return times, nil
		}
		began := time.Now()
		if err := c.SetDeadline(began.Add(answerWithin)); err != nil {
			return times, err
		}
		if u.job.Tus != "" {
			err = u.resumable(c, answers)
		} else {
			err = u.put(c, answers, u.job.Paths[n])
		}
		if err != nil {
			return times, err
		}
		times = append(times, time.Since(began))
	}
	return times, context.Cause(ctx)
}

func (u *uploader) put(c net.Conn, answers *reader, path string) error {
	head := fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", path, u.job.Addr, len(u.photo))
	_, err := ask(c, answers, head, u.photo, 200)
	return err
}

func (u *uploader) resumable(c net.Conn, answers *reader) error {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nTus-Resumable: 1.0.0\r\nUpload-Length: %d\r\nUpload-Metadata: %s\r\nContent-Length: 0\r\n", u.job.Tus, u.job.Addr, len(u.photo), metadata)
	if u.job.Token != "" {
		head += "Authorization: Bearer " + u.job.Token + "\r\n"
	}
	created, err := ask(c, answers, head+"\r\n", nil, 201)
	if err != nil {
		return err
	}
	path := strings.TrimPrefix(created.target, "http://"+u.job.Addr)
	head = fmt.Sprintf("PATCH %s HTTP/1.1\r\nHost: %s\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: %d\r\n\r\n",
		path, u.job.Addr, len(u.photo))
	_, err = ask(c, answers, head, u.photo, noContent)
	return err
}

// ask sends one request and insists on a status.
func ask(c net.Conn, answers *reader, head string, body []byte, want int) (answer, error) {
	if _, err := c.Write([]byte(head)); err != nil {
		return answer{}, err
	}
	if _, err := c.Write(body); err != nil {
		return answer{}, err
	}
	a, err := answers.next()
	if err == nil && a.status != want {
		err = fmt.Errorf("%w: %s", errAnswer, reason(a))
	}
	return a, err
}
