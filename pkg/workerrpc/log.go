package workerrpc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/cloudwego/kitex/pkg/klog"
)

// RouteLogs sends Kitex's log lines to logger, one level lower than Kitex gives
// them: a refused dial is an error for Kitex and normal for a fleet. Kitex keeps
// its logger in a package variable, so main calls this once, before it builds
// anything.
func RouteLogs(logger *slog.Logger) { klog.SetLogger(kiteLog{logger}) }

// kiteLog adapts slog to the interface Kitex wants.
type kiteLog struct{ logger *slog.Logger }

func (k kiteLog) say(level slog.Level, text string) {
	k.logger.Log(context.Background(), level, "kitex", "text", text)
}

// The plain forms.

func (k kiteLog) Trace(...any)    {}
func (k kiteLog) Debug(...any)    {}
func (k kiteLog) Info(v ...any)   { k.say(slog.LevelDebug, fmt.Sprint(v...)) }
func (k kiteLog) Notice(v ...any) { k.say(slog.LevelDebug, fmt.Sprint(v...)) }
func (k kiteLog) Warn(v ...any)   { k.say(slog.LevelDebug, fmt.Sprint(v...)) }
func (k kiteLog) Error(v ...any)  { k.say(slog.LevelDebug, fmt.Sprint(v...)) }

// Fatal ends the process, as Kitex expects of it.
func (k kiteLog) Fatal(v ...any) {
	k.say(slog.LevelError, fmt.Sprint(v...))
	os.Exit(1) //nolint:forbidigo // Kitex relies on it that Fatal does not return
}

// The formatted forms.

func (k kiteLog) Tracef(string, ...any)                     {}
func (k kiteLog) Debugf(string, ...any)                     {}
func (k kiteLog) Infof(f string, v ...any)                  { k.say(slog.LevelDebug, fmt.Sprintf(f, v...)) }
func (k kiteLog) Noticef(f string, v ...any)                { k.say(slog.LevelDebug, fmt.Sprintf(f, v...)) }
func (k kiteLog) Warnf(f string, v ...any)                  { k.say(slog.LevelDebug, fmt.Sprintf(f, v...)) }
func (k kiteLog) Errorf(f string, v ...any)                 { k.say(slog.LevelDebug, fmt.Sprintf(f, v...)) }
func (k kiteLog) Fatalf(f string, v ...any)                 { k.Fatal(fmt.Sprintf(f, v...)) }
func (k kiteLog) CtxTracef(context.Context, string, ...any) {}
func (k kiteLog) CtxDebugf(context.Context, string, ...any) {}

func (k kiteLog) CtxInfof(_ context.Context, f string, v ...any)   { k.Infof(f, v...) }
func (k kiteLog) CtxNoticef(_ context.Context, f string, v ...any) { k.Noticef(f, v...) }
func (k kiteLog) CtxWarnf(_ context.Context, f string, v ...any)   { k.Warnf(f, v...) }
func (k kiteLog) CtxErrorf(_ context.Context, f string, v ...any)  { k.Errorf(f, v...) }
func (k kiteLog) CtxFatalf(_ context.Context, f string, v ...any)  { k.Fatalf(f, v...) }

// SetLevel is decided by the slog handler.
func (k kiteLog) SetLevel(klog.Level) {}

// SetOutput is decided by the slog handler.
func (k kiteLog) SetOutput(io.Writer) {}
