package view

// Preflighted is the answer to a lock file: whether an install from it gets everything from here.
type Preflighted struct {
	OK       bool                `json:"ok"` // an install gets every package
	Summary  PreflightSummary    `json:"summary"`
	Packages []PreflightedLocked `json:"packages"` // in the order of the lock file
}

// PreflightSummary counts packages.
type PreflightSummary struct {
	Packages   int `json:"packages"`
	Allowed    int `json:"allowed"`
	Missing    int `json:"missing"`
	NotAllowed int `json:"notAllowed"`
	Blocked    int `json:"blocked"`
	Held       int `json:"held"`
	Changed    int `json:"changed"`
	Stored     int `json:"stored"`   // nothing of them has to be fetched any more
	Fetching   int `json:"fetching"` // their archives are being fetched
}

// PreflightedLocked is what the token gets of one package of the lock file.
type PreflightedLocked struct {
	Name     string  `json:"name"`
	Version  string  `json:"version"`
	Dev      bool    `json:"dev"` // of packages-dev
	Outcome  Outcome `json:"outcome"`
	Changed  bool    `json:"changed"`
	Stored   bool    `json:"stored"`
	Fetching bool    `json:"fetching"`
	Reason   string  `json:"reason"` // a sentence
}

// Good tells whether an install gets the package: a cooldown keeps no lock file from what it names.
func (p *PreflightedLocked) Good() bool {
	return (p.Outcome == Allowed || p.Outcome == HeldBack) && (p.Stored || p.Fetching)
}

// Count counts a package.
func (s *PreflightSummary) Count(one *PreflightedLocked) {
	s.Packages++
	switch one.Outcome {
	case Allowed:
		s.Allowed++
	case Missing:
		s.Missing++
	case NotAllowed:
		s.NotAllowed++
	case BlockedNow:
		s.Blocked++
	case HeldBack:
		s.Held++
	}
	for counted, is := range map[*int]bool{&s.Changed: one.Changed, &s.Stored: one.Stored, &s.Fetching: one.Fetching} {
		if is {
			*counted++
		}
	}
}
