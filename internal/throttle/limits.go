package throttle

import (
	"fmt"
	"time"
)

// Limits are what other clients of a server are promised. Zero fields limit nothing.
type Limits struct {
	// ThreadsRunning is the most threads that may be at work on a server, ours included: on the
	// source before a page is read, on the target before a chunk is written.
	ThreadsRunning int `json:"threadsRunning,omitempty"`
	// ReplicaLag is the most that any of Replicas, names of connections, may be behind.
	ReplicaLag time.Duration `json:"replicaLag,omitempty"`
	Replicas   []string      `json:"replicas,omitempty"`
	// Hours is a text for ParseHours.
	Hours string `json:"hours,omitempty"`
}

// IsZero reports whether nothing is limited.
func (l Limits) IsZero() bool {
	return l.ThreadsRunning == 0 && (l.ReplicaLag == 0 || len(l.Replicas) == 0) && l.Hours == ""
}

const (
	// pause is how long a writer waits before it looks at a loaded server again.
	pause = 5 * time.Second
	// longest is how long it waits at most for an hour to come: a changed configuration or a
	// corrected clock must not be slept through.
	longest = 5 * time.Minute
)

// Wait says why nothing may be written now and when to look again. The zero value is "go on".
type Wait struct {
	Reason string
	For    time.Duration
}

// AtHour is the wait until the hours are open.
func (l Limits) AtHour(now time.Time) (Wait, error) {
	h, err := ParseHours(l.Hours)
	if err != nil {
		return Wait{}, err
	}
	next := h.Next(now)
	if !next.After(now) {
		return Wait{}, nil
	}
	return Wait{
		Reason: fmt.Sprintf("outside the hours %s, which begin at %s", l.Hours, next.UTC().Format("2006-01-02 15:04Z")),
		For:    min(max(next.Sub(now), time.Second), longest),
	}, nil
}

// AtThreads is the wait for a server, named by its connection, with that many threads running.
func (l Limits) AtThreads(connection string, running int) Wait {
	if l.ThreadsRunning == 0 || running <= l.ThreadsRunning {
		return Wait{}
	}
	return Wait{Reason: fmt.Sprintf("%d threads are running on %s, at most %d are allowed", running, connection,
		l.ThreadsRunning), For: pause}
}

// AtLag is the wait for a replica that is that much behind; known is false where it does not say.
func (l Limits) AtLag(replica string, lag time.Duration, known bool) Wait {
	switch {
	case l.ReplicaLag == 0:
		return Wait{}
	case !known:
		return Wait{Reason: fmt.Sprintf("replica %s does not say how far it is behind: its replication is not running",
			replica), For: pause}
	case lag <= l.ReplicaLag:
		return Wait{}
	}
	return Wait{
		Reason: fmt.Sprintf("replica %s is %s behind, at most %s are allowed", replica, lag, l.ReplicaLag),
		For:    pause,
	}
}
