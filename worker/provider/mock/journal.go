package mock

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// call is one line of the journal: a call that a real vendor would bill.
type call struct {
	ID       string    `json:"id"` // of the request: stable over repeats of an attempt
	Provider string    `json:"provider"`
	At       time.Time `json:"at"`
}

// note appends one call to the journal file, in one write so that a kill
// leaves a whole line or none. Checks count calls made twice with it.
func note(path string, c call) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }()
	_, err = f.Write(append(line, '\n'))
	return err
}
