/*
 * The window protocol, small enough to be explored whole. README.md says what stands for what,
 * what the switches take away, and what the model leaves out.
 *
 * Properties: a row version that the source has committed with a cursor up to the watermark is on
 * the target, or a later version of its row is committed (`superseded`); and a run that is done
 * has brought every row in a version that is not older than when it began, however often the row
 * changes. Overlap is 0: nothing here is saved by reading twice.
 */

#ifndef KEYS
#define KEYS 2     /* rows of the table */
#endif
#ifndef WRITERS
#define WRITERS 2  /* connections that write */
#endif
#ifndef TXNS
#define TXNS 2     /* transactions of each */
#endif
#ifndef RUNS
#define RUNS 2     /* runs that may be begun, failed ones among them */
#endif
#ifndef TICKS
#define TICKS 6    /* where the clock stands still for good */
#endif
#define UNIT 2     /* clock ticks in one unit of the cursor column: DATETIME(0) is coarser than NOW(6) */
#define OF(t) ((t) / UNIT)

/* A version of a row: its cursor in units, and which version of its row it is, 0 for none yet.
   Cursors start at 1 unit, so that a watermark of 0 is "before everything". */
typedef Version { byte cursor; byte no }

Version source[KEYS];  /* committed */
Version target[KEYS];
byte watermark;        /* in units; everything up to it is promised */
byte now = UNIT;       /* the source's clock, in ticks */

/* Of each writer: what the server's two lists show of it. */
bool running[WRITERS]; /* a statement, in the process list */
bool changed[WRITERS]; /* a transaction that has changed rows, in innodb_trx */
byte began[WRITERS];   /* when its statement began, which is also what its rows are stamped with */
byte dated[WRITERS];   /* when the transaction is said to have begun */
byte lock[KEYS];       /* a row's lock: its writer + 1, or 0 */

/* The window of the run that goes on, and what of it decides which row gives way. */
byte hi;               /* the window's end, in units */
byte reach;            /* the clock when the run began, in units: no earlier run has read above it */
byte epoch;            /* the run, counted: what the fence on the target says */

/* A try of a step that was given up for dead and is not: it writes its row when it likes. */
Version zombie;
byte zombieKey, zombieMark, zombieHi, zombieReach, zombieEpoch;

byte begun[KEYS];      /* each row's version when the run began */
bool fell[KEYS];       /* a row that was committed with a smaller cursor than the version before */

#define HELD(k) (source[k].no == 0 || source[k].cursor > watermark || target[k].no == source[k].no)

inline complete() {
  byte c;
  for (c : 0 .. KEYS - 1) { assert(HELD(c)) }
  c = 0
}

/* Whether a row of the target gives way although its cursor is larger: an earlier run has read it
   above the end of its window, and this run finds the row below its own. */
#ifdef STRICT
#define GIVESWAY(k, row, mark, end, top) false
#else
#define GIVESWAY(k, row, mark, end, top) \
  (row.cursor <= end && target[k].cursor > mark && target[k].cursor <= top)
#endif

/* One row of a chunk: INSERT … ON DUPLICATE KEY UPDATE with the guard against stale rows. */
inline upsert(k, row, mark, end, top) {
#ifdef NOGUARD
  if
#else
  if
  :: row.cursor < target[k].cursor && !GIVESWAY(k, row, mark, end, top) -> skip
#endif
  :: else ->
     /* an older version never replaces a newer, but for one that the next run reads again */
     assert(row.no >= target[k].no || target[k].cursor > end);
     target[k].cursor = row.cursor; target[k].no = row.no
  fi
}

active proctype clock() {
  do
  :: now < TICKS -> now++
  :: else -> break
  od
}

/* A client with transactions of one UPDATE. NOW() is frozen when the statement begins; the row
   is written when its lock (or the table's, for that matter) has been got; other connections
   see it after the commit, which may be much later than the statement's end. */
proctype writer(byte me) {
  byte k, left = TXNS;
  do
  :: left > 0 ->
     atomic {
       left--; k = 0;
       do :: k < KEYS - 1 -> k++ :: break od;
       began[me] = now; running[me] = true
     }
     atomic { /* waits here for the lock */
       lock[k] == 0 -> lock[k] = me + 1; changed[me] = true;
#ifdef LATEDATE
       dated[me] = now   /* InnoDB's own date: the first access to a row */
#else
       dated[me] = began[me]
#endif
     }
     running[me] = false;
     if
     :: atomic {
          if :: OF(began[me]) < source[k].cursor -> fell[k] = true :: else fi;
          source[k].cursor = OF(began[me]); source[k].no++;
          changed[me] = false; lock[k] = 0; began[me] = 0; dated[me] = 0;
          complete()
        }
     :: atomic { changed[me] = false; lock[k] = 0; began[me] = 0; dated[me] = 0 } /* ROLLBACK */
     fi;
     k = 0
  :: left == 0 -> break
  od
}

#define OLDER(age) if :: (age) > oldest -> oldest = (age) :: else fi

/* One look at the process list. Its entries are not of one moment. */
inline processes() {
  i = 0;
  do
  :: atomic { i < WRITERS -> if :: running[i] -> OLDER(now - began[i]) :: else fi; i++ }
  :: i == WRITERS -> break
  od
}

/* One look at the transactions: a copy of one moment, proven to be fresh. */
inline transactions() {
  atomic {
    for (i : 0 .. WRITERS - 1) { if :: changed[i] -> OLDER(now - dated[i]) :: else fi }
  }
}

/* Chooses hi before reading: T0 first, then the open work, then one unit less. */
inline chooseHi() {
  oldest = 0;
#ifdef EARLYLIST
  processes(); transactions(); t0 = now;
#else
  t0 = now;
#ifndef NOCAP
#ifdef SWAPPED
  transactions(); processes();
#else
  processes(); transactions();
#endif
#endif
#endif
  atomic {
    /* the clock may have moved between t0 and the lists, so an age can exceed t0 */
    if
    :: oldest > t0 -> hi = 0
    :: else -> hi = OF(t0 - oldest)
    fi;
#ifndef SAMEUNIT
    if :: hi > 0 -> hi-- :: else fi;
#endif
    /* an end below the watermark is none: the run reads the tail alone */
    if :: hi < watermark -> hi = watermark :: else fi;
    reach = OF(t0);
    i = 0; t0 = 0; oldest = 0
  }
}

/* Reads the window (watermark, hi] row by row, as pages and ranges do, in any order; then the tail,
   what lies above hi, in the order of the cursor, to its end at the last page's own moment. A try
   that dies reads again from the beginning; nobody sees a row before all have been read: the
   manifest comes last. */
inline extract() {
  i = 0;
  do
  :: atomic { i < KEYS ->
       if
       :: source[i].no > 0 && source[i].cursor > watermark && source[i].cursor <= hi ->
            staged[i].cursor = source[i].cursor; staged[i].no = source[i].no
       :: else -> staged[i].cursor = 0; staged[i].no = 0
       fi;
       above[i].cursor = 0; above[i].no = 0;
       i++ }
  :: i > 0 && i < KEYS -> i = 0 /* crash, and the step's retry */
  :: i == KEYS -> break
  od;
#ifndef NOTAIL
#ifdef SIDEBYSIDE
  page(reach, 255); /* two ranges, the later one first */
  page(hi, reach)
#else
  pos = hi;
  do
  :: atomic { pos < OF(now) -> page(pos, pos + 1); pos++ }
  :: atomic { page(pos, 255); pos = 0; break }
  od
#endif
#endif
}

/* A page of the tail: all rows above lo, up to top, as they are at one moment. */
inline page(lo, top) {
  atomic {
    for (i : 0 .. KEYS - 1) {
      if
      :: source[i].no > 0 && source[i].cursor > lo && source[i].cursor <= top ->
           above[i].cursor = source[i].cursor; above[i].no = source[i].no
      :: else
      fi
    }
    i = 0
  }
}

/* A chunk holds one row. Chunks are applied in any order, any number of times; a try can be
   lost and still write later (zombie). */
inline load() {
  atomic { /* there are chunks of rows that were read, and no others */
    done = 0;
    for (i : 0 .. KEYS - 1) {
      if :: staged[i].no == 0 -> done = done | (1 << i) :: else fi;
      if :: above[i].no == 0 -> done = done | (1 << (KEYS + i)) :: else fi
    }
    i = 0
  }
  do
  :: done < (1 << (2 * KEYS)) - 1 ->
     atomic {
       i = 0;
       if /* any chunk; two keys at most */
       :: !(done & 1) -> i = 0
       :: !(done & 2) -> i = 1
       :: KEYS > 1 && !(done & 4) -> i = 2
       :: KEYS > 1 && !(done & 8) -> i = 3
       fi;
       if
       :: i < KEYS -> upsert(i, staged[i], watermark, hi, reach)
       :: else -> upsert((i - KEYS), above[i - KEYS], watermark, hi, reach)
       fi;
       if
       :: done = done | (1 << i) /* committed, and said so */
       :: skip                   /* committed, and the reply was lost: applied again */
       fi;
       i = 0
     }
#ifndef NOZOMBIE
  :: atomic { zombie.no == 0 && staged[0].no > 0 -> undying(staged[0]) }
  :: atomic { zombie.no == 0 && above[0].no > 0 -> undying(above[0]) }
#endif
  :: done == (1 << (2 * KEYS)) - 1 -> break
  :: goto died /* the whole run fails; a later one begins with the watermark as it is */
  od
}

inline undying(row) {
  zombie.cursor = row.cursor; zombie.no = row.no; zombieKey = 0;
  zombieMark = watermark; zombieHi = hi; zombieReach = reach; zombieEpoch = epoch
}

proctype sync() {
  byte i, t0, oldest, pos, done, left = RUNS;
  Version staged[KEYS], above[KEYS];
  do
  :: left > 0 ->
     atomic {
       left--; epoch++;
       for (i : 0 .. KEYS - 1) { begun[i] = source[i].no }
       i = 0
     }
     chooseHi();
     extract();
     load();
     atomic { /* FinishRun: repeating it changes nothing */
       assert(hi >= watermark);
       /* Not older than when the run began. A row that went down while it was read may have passed
          the read: it is above the watermark, and the next run finds it. */
       for (i : 0 .. KEYS - 1) { assert(fell[i] || target[i].no >= begun[i]) }
#ifdef REACH
       /* Not vacuous: a second window brings a row's second version this far. */
       assert(!(watermark > 0 && staged[0].no == 2));
#endif
#ifdef REACHFALL
       /* Not vacuous: a later version with a smaller cursor replaces what a tail has brought. */
       assert(!(fell[0] && staged[0].no == 2 && target[0].no == 2 && hi > watermark));
#endif
       watermark = hi; complete()
     }
died:
     atomic {
       for (i : 0 .. KEYS - 1) {
         staged[i].cursor = 0; staged[i].no = 0; above[i].cursor = 0; above[i].no = 0; begun[i] = 0
       }
       i = 0; hi = 0; reach = 0; done = 0; pos = 0
     }
  :: left == 0 -> break
  od
}

active proctype undead() {
end:
  do
  :: atomic { zombie.no > 0 ->
       if
#ifndef NOFENCE
       :: zombieEpoch != epoch -> skip /* the fence: a newer run has begun */
#endif
       :: else -> upsert(zombieKey, zombie, zombieMark, zombieHi, zombieReach)
       fi;
       zombie.no = 0; zombie.cursor = 0; zombieKey = 0;
       zombieMark = 0; zombieHi = 0; zombieReach = 0; zombieEpoch = 0;
       complete() }
  od
}

init {
  byte w;
  atomic {
    for (w : 0 .. WRITERS - 1) { run writer(w) }
    run sync()
  }
}
