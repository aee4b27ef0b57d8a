package usage

// HeldMax is how many entries are held in memory.
const HeldMax = heldMax

// FlushWanted tells whether Run has been asked to write before its time.
func (r *Recorder) FlushWanted() bool { return len(r.full) > 0 }

// InstallsQuery is how InstallsOf asks.
var InstallsQuery = installsQuery
