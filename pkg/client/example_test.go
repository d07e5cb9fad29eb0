package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/client"
)

// api plays the API's part of one picture, as the contract has it.
func api() *httptest.Server {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	say := func(pattern string, status int, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, status, strings.ReplaceAll(body, "API", s.URL))
		})
	}
	say("POST /sessions", http.StatusCreated, `{"sessionId":"s1","token":"token-1","quota":{"daily":20,"used":0}}`)
	say("POST /uploads", http.StatusCreated, `{"uploadId":"u1","uploadUrl":"API/signed/u1","method":"PUT","headers":{"Content-Type":"image/jpeg"}}`)
	say("PUT /signed/u1", http.StatusOK, "")
	say("POST /uploads/u1/complete", http.StatusOK, `{"uploadId":"u1","status":"ready","width":3024,"height":4032}`)
	say("POST /tasks", http.StatusAccepted, `{"taskId":"t1","state":"queued","version":1}`)
	say("GET /tasks/t1", http.StatusOK, `{"taskId":"t1","state":"succeeded","version":4,"result":{"imageUrl":"/files/t1.jpg","width":1536,"height":2048}}`)
	mux.HandleFunc("GET /tasks/t1/stream", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "id: 2\nevent: snapshot\ndata: {\"state\":\"running\"}\n\n"+
			"id: 3\nevent: progress\ndata: {\"progress\":60}\n\nid: 4\nevent: succeeded\ndata: {\"state\":\"succeeded\"}\n\n")
	})
	mux.HandleFunc("POST /tasks/t1/cancel", func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusConflict, "task_finished", false)
	})
	return s
}

// From a photo to a picture: a session, an upload, a task, and its events.
func Example() {
	server := api()
	defer server.Close()
	ctx := context.Background()

	config := client.Defaults()
	config.BaseURL = server.URL
	c, err := client.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := c.NewSession(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	photo, err := session.Upload(ctx, "image/jpeg", []byte("the bytes of a photo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("photo of %d × %d is %s\n", photo.Width, photo.Height, photo.Status)

	task, err := session.Submit(ctx, client.NewTask{UploadID: photo.UploadID, Style: "ink-wash", Place: "west-lake"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range session.Follow(ctx, task.TaskID, "") {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.ID, event.Name)
	}
	done, err := session.Get(ctx, task.TaskID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(done.State, done.Result.ImageURL)
	// Output:
	// photo of 3024 × 4032 is ready
	// 2 snapshot
	// 3 progress
	// 4 succeeded
	// succeeded /files/t1.jpg
}

// A refusal is a Problem: its code is for programs, its detail for people.
func ExampleProblem() {
	server := api()
	defer server.Close()
	config := client.Defaults()
	config.BaseURL = server.URL
	c, err := client.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Session("token-1").Cancel(context.Background(), "t1")
	var refusal *client.Problem
	if errors.As(err, &refusal) {
		fmt.Println(refusal.Status, refusal.Code, refusal.Retryable)
	}
	fmt.Println(client.Code(err))
	// Output:
	// 409 task_finished false
	// task_finished
}
