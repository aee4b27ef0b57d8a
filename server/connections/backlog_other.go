//go:build !linux

package connections

// Drain does nothing: this system closes a listener with the connections that nobody has accepted yet.
func (l *Listener) Drain() error { return nil }
