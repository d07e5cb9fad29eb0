package rig

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"time"
)

const (
	// MostLines is what a process may log in any ten seconds, but for a line for
	// each request and what belongs to a task and is no warning.
	MostLines = 40
	// NoiseWindow are these ten seconds.
	NoiseWindow = 10 * time.Second
)

// Noisiest counts the lines of the loudest ten seconds of a log, and tells the
// words that most of them have.
func Noisiest(path string) (most int, words string) {
	type said struct {
		at   time.Time
		text string
	}
	var recent []said
	Lines(path, `"msg"`, func(raw []byte) {
		var line struct {
			Time    time.Time `json:"time"`
			Level   string    `json:"level"`
			Msg     string    `json:"msg"`
			Request string    `json:"request_id"`
			Task    string    `json:"task"`
		}
		if json.Unmarshal(raw, &line) != nil || line.Request != "" && line.Task == "" || line.Task != "" && line.Level == "INFO" {
			return
		}
		recent = append(recent, said{line.Time, line.Msg})
		for line.Time.Sub(recent[0].at) > NoiseWindow {
			recent = recent[1:]
		}
		if len(recent) > most {
			most = len(recent)
			count := map[string]int{}
			for _, r := range recent {
				if count[r.text]++; count[r.text] > count[words] {
					words = r.text
				}
			}
		}
	})
	return most, words
}

// Lines calls take with every line of a log that contains a text.
func Lines(path, text string, take func([]byte)) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	all := bufio.NewScanner(f)
	all.Buffer(nil, 1<<20)
	for all.Scan() {
		if bytes.Contains(all.Bytes(), []byte(text)) {
			take(all.Bytes())
		}
	}
}
