// SPDX-License-Identifier: Apache-2.0

package events

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Pressure says when a sender has to come back later, so that memory does not grow with what the ledger has not taken yet. The zero value
// admits all.
type Pressure struct {
	MaxInFlight int64            // bytes of the requests that are being worked on; 0: no limit
	Refused     func(why string) // is told of each request that has to come back: RefusedFull or RefusedBacklog. May be nil

	inFlight atomic.Int64
	backlog  atomic.Bool
}

// leastOf is what a request costs at least, however small its body is: a connection, its buffers and what is made of it.
const leastOf = 16 << 10

// Waits that senders are asked for.
const (
	afterFull    = time.Second     // others are being answered
	afterBacklog = 5 * time.Second // leads are to be scored first
)

// Why a request has to come back.
const (
	RefusedFull    = "full"    // too many requests are under way
	RefusedBacklog = "backlog" // too many events wait to be scored
)

func (p *Pressure) refused(why string) {
	if p.Refused != nil {
		p.Refused(why)
	}
}

// Backlog says whether too much waits to be scored.
func (p *Pressure) Backlog(tooMuch bool) { p.backlog.Store(tooMuch) }

// InFlight are the bytes of the requests that are being worked on.
func (p *Pressure) InFlight() int64 { return p.inFlight.Load() }

// admit a request, whose end calls release; or say why not, and after what time it may come again. A body of unknown length counts as the largest.
func (p *Pressure) admit(r *http.Request) (release func(), wait time.Duration, why string) {
	if p == nil {
		return func() {}, 0, ""
	}
	if p.backlog.Load() {
		p.refused(RefusedBacklog)
		return nil, afterBacklog, "too many events wait to be scored"
	}
	size := r.ContentLength
	if size < 0 || size > MaxBody {
		size = MaxBody
	}
	size = max(size, leastOf)
	if now := p.inFlight.Add(size); p.MaxInFlight > 0 && now > p.MaxInFlight && now > size {
		p.inFlight.Add(-size)
		p.refused(RefusedFull)
		return nil, afterFull, "too many requests are under way"
	}
	return func() { p.inFlight.Add(-size) }, 0, ""
}

func busy(w http.ResponseWriter, wait time.Duration, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
	refuse(w, http.StatusTooManyRequests, why+": send it again later. Nothing of it was taken")
}
