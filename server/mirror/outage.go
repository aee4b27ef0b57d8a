package mirror

import "sync"

// outage tells a source that is down from one that fails for some packages.
type outage struct {
	mu  sync.Mutex
	row int // failures since the last answer
}

func (o *outage) answered() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row = 0
}

// failed counts a failure and tells whether the source must be taken for down.
func (o *outage) failed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.row++
	return o.row >= outageAfter
}
