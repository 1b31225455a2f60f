package upsert

// hillClimb finds the limit of a [Limiter] by trials: it changes the limit by one, and keeps the change where that
// pays. It has no clock and no lock. Its rules are those of the limiter's law, in the package's comment; TestHillClimb
// has cases at their bounds.
//
// "Measured" is the end of a [window]. A slow latency without other traffic changes nothing: the processors are ours
// alone.
type hillClimb struct {
	limit int // 0 before the first chunk
	phase phase
	// baseline is the rate, in rows a second, before the trial that is under way.
	baseline float64
	// pause is how many measurements pass before the next trial. Other clients notice every trial.
	pause int
	// failed counts trials of one more that failed in a row.
	failed int

	otherTraffic, slowLatency bool
}

// phase is what the next measurement is for.
type phase int

const (
	warmUp  phase = iota // nothing: connections are opened, and pages are read
	steady               // to begin a trial, unless in a pause
	tryMore              // to compare one more with the baseline
	tryLess              // to compare one less with the baseline
)

const (
	// startLimit keeps a target busy while another chunk is on its way to it.
	startLimit = 2
	// gain is how much faster one more chunk has to make the whole.
	gain = 1.15
	// trialPause is the pause after a trial. It doubles with each trial of one more that fails, up to
	// maxTrialPause: the other clients may have gone meanwhile.
	trialPause    = 8
	maxTrialPause = 64
)

// start sets the first limit, and keeps a later one below the maximum.
func (c *hillClimb) start(maxLimit int) {
	if c.limit == 0 {
		c.limit = startLimit
	}
	c.limit = min(c.limit, max(1, maxLimit))
}

// adjust handles a measurement.
func (c *hillClimb) adjust(rate float64, maxLimit int) {
	switch c.phase {
	case warmUp:
		c.phase = steady
	case steady:
		c.tryNext(rate, maxLimit)
	case tryMore:
		if rate >= gain*c.baseline {
			c.phase, c.failed = steady, 0
			return
		}
		c.settle(-1, min(trialPause<<c.failed, maxTrialPause))
		c.failed = min(c.failed+1, 3)
	case tryLess:
		if gain*rate < c.baseline && c.limit < maxLimit {
			c.settle(+1, trialPause)
			return
		}
		c.settle(0, trialPause)
	}
}

// tryNext begins a trial where the steady phase allows one.
func (c *hillClimb) tryNext(rate float64, maxLimit int) {
	switch {
	case c.pause > 0:
		c.pause--
	case c.otherTraffic && c.limit > 1:
		c.baseline, c.phase = rate, tryLess
		c.limit--
	case c.limit < maxLimit && !c.slowLatency:
		c.baseline, c.phase = rate, tryMore
		c.limit++
	}
}

// settle ends a trial, or calls it off: it changes the limit and pauses.
func (c *hillClimb) settle(change, pause int) {
	c.limit, c.phase, c.pause = max(1, c.limit+change), steady, pause
}

func (c *hillClimb) onSlowTransaction() { c.settle(-1, trialPause) }

// onLatency handles a latency; changed reports a new limit.
func (c *hillClimb) onLatency(slow bool) (changed bool) {
	c.slowLatency = slow && c.otherTraffic
	if !c.slowLatency || c.limit <= 1 {
		return false
	}
	c.settle(-1, trialPause)
	return true
}

// onOtherTraffic handles what is known of other clients; changed reports a new limit.
func (c *hillClimb) onOtherTraffic(active bool) (changed bool) {
	if active && !c.otherTraffic && c.phase == warmUp && c.limit > 1 {
		c.limit, changed = 1, true // a second chunk has to prove its worth first
	}
	c.otherTraffic = active
	return changed
}
