/*
 * The protocol of a comparison, of one row: what `tablehaul verify` reads, and when, and what it says.
 * README.md says what stands for what. Runs are what window.pml proves of them: a run reads above the
 * watermark less the overlap, ends its window below what is open, writes later, and raises the watermark last.
 *
 * Properties: a row that is said to differ did differ at the moment at which the source was looked at, with
 * neither side above asOf; a row is said to be missing or stale only where the target has lost it; and a row
 * that the target has lost is found.
 */

#ifndef TXNS
#define TXNS 3     /* transactions of the writer */
#endif
#ifndef RUNS
#define RUNS 2
#endif
#ifndef TICKS
#define TICKS 5    /* where the clock stands still for good */
#endif
#define OVERLAP 1  /* by how much the writer's clock may be behind, and what runs read again */

/* no is the row's version, 0 for a row that is not there. Cursors start at 2, above OVERLAP. */
typedef Version { byte cursor; byte no }

Version source, target;
byte watermark = OVERLAP;
byte bound = OVERLAP;  /* the highest end of a window so far: a run may have read up to it */
byte now = 2;
bool open;             /* a transaction, which stamps with began - OVERLAP at the earliest */
byte began;
Version away;          /* the row that was deleted, which may be restored as it was */
bool lost;             /* the target has lost the row, or its last version */
bool unpromised;       /* the source got a row back below what runs read: no run brings it */

/* The comparison. */
byte asOf;
bool begun, ended, touched; /* touched: the source's row has changed since the comparison began */
bool lostBefore;
Version t1, s1, t2, s2, t3;
bool differed;         /* the sides differed when the source was looked at */
bool excused;          /* and a row that it has may be missing on the target, or older there */

#define ABOVE(v) (v.no > 0 && v.cursor > asOf)
#define DIFFER(a, b) (a.no != b.no)
#ifdef NOPENDING
#define SUSPECT(s, t) DIFFER(s, t)
#else
#define SUSPECT(s, t) (DIFFER(s, t) && !ABOVE(s) && !ABOVE(t))
#endif

inline copy(to, from) { to.cursor = from.cursor; to.no = from.no }

active proctype clock() {
  do
  :: now < TICKS -> now++
  :: else -> break
  od
}

active proctype writer() {
  byte left = TXNS, stamp, last, next = 1;
  do
  :: left > 0 ->
     if
     :: atomic { left--; open = true; began = now; /* UPDATE, or the first INSERT */
          if :: stamp = now :: stamp = now - OVERLAP fi;
          if :: stamp < last -> stamp = last :: else -> last = stamp fi }; /* a row's cursor never falls */
        if
        :: atomic { source.cursor = stamp; source.no = next; next++; open = false;
             away.no = 0; away.cursor = 0; touched = begun }
        :: open = false /* ROLLBACK */
        fi
     :: atomic { source.no > 0 -> left--; copy(away, source); source.no = 0; source.cursor = 0; touched = begun }
     :: atomic { away.no > 0 && source.no == 0 -> left--; copy(source, away); away.no = 0; away.cursor = 0;
          touched = begun;
          if :: target.no != source.no && source.cursor + OVERLAP <= bound -> unpromised = true :: else fi }
     fi;
     stamp = 0
  :: left == 0 -> break
  od
}

active proctype sync() {
  byte left = RUNS, hi;
  Version staged;
  do
  :: left > 0 ->
     atomic {
       left--; hi = now - 1;
       if :: open -> hi = began - 1 :: else fi;
       if :: hi < watermark -> hi = watermark :: else fi;
       if :: hi > bound -> bound = hi :: else fi
     }
     atomic { /* the window and its tail */
       if
       :: source.no > 0 && source.cursor > watermark - OVERLAP -> copy(staged, source)
       :: else
       fi
     }
     atomic {
       if
       :: staged.no > 0 && (target.no == 0 || staged.cursor >= target.cursor) ->
            copy(target, staged); lost = false
       :: else
       fi;
       watermark = hi; hi = 0; staged.no = 0; staged.cursor = 0
     }
  :: left == 0 -> break
  od
}

/* deletes: a row that is not at the source is removed from the target, looked at right before. */
active proctype sweep() {
end:
  atomic { source.no == 0 && target.no > 0 && target.cursor + OVERLAP <= watermark ->
    target.no = 0; target.cursor = 0 }
}

/* What no run sees, before the comparison begins: the row goes, or is what it was a version before. */
active proctype loss() {
end:
  atomic { !begun && target.no > 0 && target.no == source.no && target.cursor + OVERLAP <= watermark ->
    lost = true;
    if
    :: target.no = 0; target.cursor = 0
    :: target.no > 1 -> target.no--; target.cursor--
    fi
  }
}

active proctype compare() {
end:
  atomic {
    watermark > OVERLAP; /* no run has promised anything before */
#ifdef NOOVERLAP
    asOf = watermark;
#else
    asOf = watermark - OVERLAP;
#endif
    begun = true; lostBefore = lost
  }
  atomic { copy(s1, source); differed = SUSPECT(source, target); excused = lost || unpromised }
  atomic { copy(t1, target) }
  if
  :: !SUSPECT(s1, t1) -> goto done
  :: else
  fi;
#ifdef NOSECOND
  atomic { copy(s2, s1); copy(t2, t1); copy(t3, t1) }
#else
  atomic { copy(t2, target) }
  atomic { copy(s2, source); differed = SUSPECT(source, target); excused = lost || unpromised }
#ifdef NOTHIRD
  copy(t3, t2);
#else
  atomic { copy(t3, target) }
#endif
#endif
  atomic {
    if
    :: SUSPECT(s2, t3) && !DIFFER(t2, t3) ->
#ifdef REACH
         assert(!(s2.no == 0 && t3.no > 0)); /* not vacuous: a deleted row is found */
#endif
         assert(differed);
         /* missing or stale: the target has lost it, or the source has it back from before */
         assert(s2.no == 0 || excused);
         goto out
    :: else
    fi
  }
done:
  /* a lost row whose source nobody touched is found, unless a run has brought it meanwhile */
  atomic { assert(!(lostBefore && lost && !touched && source.no > 0 && source.cursor <= asOf)) }
out:
  ended = true
}
