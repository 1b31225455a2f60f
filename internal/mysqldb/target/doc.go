// Package target makes a target table fit its source: it compares the two, and creates or widens the target. It writes no rows (package
// upsert does). Its invariant: a plan that is ready runs, and a plan that refuses has written nothing.
package target
