package watch

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/policy"
)

// paused is while operators let nothing in.
func paused(i policy.Intake, now time.Time) []alarm.Alarm {
	if !i.PausedAt(now) {
		return nil
	}
	text := "intake is paused: new tasks are refused"
	if i.Until != nil {
		text += " until " + i.Until.UTC().Format(time.RFC3339)
	}
	return warning(text + reason(i.Reason))
}

// degraded is while the engine works with fewer nodes than it has.
func degraded(lacks string) []alarm.Alarm {
	if lacks == "" {
		return nil
	}
	return warning("the engine has lost a node and works on (" + lacks + ")")
}

const ledWithin = 2 * time.Second // beyond what a broadcast is believed

// noLeader is when no gateway says that it dispatches.
func (w *Watch) noLeader(now time.Time) []alarm.Alarm {
	if w.deps.Led() {
		w.led = now
	}
	if now.Sub(w.led) < ledWithin || now.Sub(w.began) < 2*firstWorker {
		return nil
	}
	return critical("no gateway dispatches: what is accepted waits")
}

// How little room on the disk is told. The engine keeps the last 64 MiB of it,
// a sixteenth of a small one, and takes no new tasks then.
const (
	lowShare   = 10 // a tenth of the disk …
	lowMost    = 4 << 30
	keptMost   = 64 << 20
	keptShare  = 16
	nearlyKept = 2 // times what is kept
)

// low is while the disk has little room.
func low(d Disk, deps Deps) []alarm.Alarm {
	kept := deps.MinFree
	if deps.Embedded {
		kept = max(kept, min(keptMost, d.Total/keptShare))
	}
	early := max(min(d.Total/lowShare, lowMost), nearlyKept*kept)
	if d.Total == 0 || d.Free >= early {
		return nil
	}
	text := fmt.Sprintf("the disk of data.dir has %s of %s left", size(d.Free), size(d.Total))
	if kept > 0 {
		text += fmt.Sprintf("; below %s new tasks are refused", size(kept))
	}
	if d.Free < nearlyKept*kept {
		return critical(text)
	}
	return warning(text)
}

func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	default:
		return fmt.Sprintf("%d KiB", n>>10)
	}
}

// Cert is a file with certificates, named by its key in the configuration.
type Cert struct{ Key, File string }

const (
	endsSoon = 14 * 24 * time.Hour
	endsNow  = 48 * time.Hour
)

// ending are certificates near their end, or past it.
func ending(certs []Cert, now time.Time) (out []alarm.Alarm) {
	for _, c := range certs {
		if c.File == "" {
			continue
		}
		ends, err := end(c.File)
		if err != nil {
			out = append(out, alarm.Alarm{Subject: c.Key, Severity: alarm.Warning, Message: fmt.Sprintf("%s: %v", c.Key, err)})
			continue
		}
		left := ends.Sub(now)
		a := alarm.Alarm{Subject: c.Key, Severity: alarm.Warning, Message: fmt.Sprintf("%s ends at %s", c.Key, ends.UTC().Format(time.RFC3339))}
		if left < endsNow {
			a.Severity = alarm.Critical
		}
		if left <= 0 {
			a.Message = fmt.Sprintf("%s has ended at %s", c.Key, ends.UTC().Format(time.RFC3339))
		}
		if left < endsSoon {
			out = append(out, a)
		}
	}
	return out
}

// end is when the first of a file's certificates ends.
func end(file string) (first time.Time, _ error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return first, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return first, fmt.Errorf("%s: %w", file, err)
		}
		if first.IsZero() || c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	if first.IsZero() {
		return first, errors.New("no certificate in " + file)
	}
	return first, nil
}
