package httpapi

import (
	"bytes"
	"log/slog"

	"github.com/cloudwego/hertz/pkg/common/hlog"
)

// muteLibrary sends what the HTTP library has to say to our log, as debug
// messages and without client addresses. The library has one logger for the
// whole process; the newest server gets it.
func muteLibrary(log *slog.Logger) { hlog.SetOutput(libraryLog{log}) }

type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Write(p []byte) (int, error) {
	line, _, _ := bytes.Cut(p, []byte("remoteAddr="))
	l.log.Debug("http library", "message", string(bytes.TrimRight(line, ", \n")))
	return len(p), nil
}
