package main

const documentHead = `# Beside other tools

Written by ` + "`make bench-peers`" + `: the same table, the same two servers and the same other clients for every tool, in one run.

| | |
|---|---|
| Date | %s |
| Machine | %s; servers and tools share it |
| Servers | two of %s %s, with their defaults but for 512 MiB of buffer pool and ` + "`max_connections=200`" + ` each |
| Settings | %s |
| Table | ` + "`shop.orders`" + `: %s rows of about 150 bytes, a primary key and one index; then three times %s changes, of which a fifth are new rows |
| Other clients, alone | p99 %s, of both %.1f ms |
| Python | %s, driver %s |

A figure in brackets is how many times as long as ours it took. Several figures are those of the
first load and of the changes, in their order: in runs of 80 keys, scattered singly, and the newest.

## Servers as they come

`

// documentChart is on the page of MySQL only, whose figures it draws.
const documentChart = `![Seconds, longest transactions and other clients' p99 of each tool](images/peers.svg)

`

const infileHead = `
## With local_infile ON

MySQL has ` + "`local_infile`" + ` OFF as it comes. Here both servers have it ON. Of each tool only its better ways have a turn. The other
clients' p99 alone is %s here, of both %.1f ms.

![Seconds, longest transactions and other clients' p99 of each tool, with local_infile ON](images/peers-local-infile.svg)

`

const documentFoot = `
## What is measured

- The target's table is made in advance with all keys and indexes of the source. What a tool alters of it is said above.
- Seconds are from the start of the program to its end; ours from the start of the workflow to its result. Tools that are started for each run pay
  for their start, which is one to three seconds for Python.
- Memory is resident memory of all processes of a tool, added up every 100 ms. Ours is the worker and, unless ` + "`TEMPORAL_ADDRESS`" + ` names
  another, the Temporal server.
- The other tools log in with an account that may do everything, ours with the documented grants ([security.md](security.md)). The longest
  transaction is that account's on the target: on MySQL the exact maximum of
  ` + "`events_transactions_summary_by_account_by_event_name`" + `, for all kinds of transactions; on MariaDB it is sampled every 150 ms.
- Processor seconds are the tool's, the source server's and the target server's; ours are the worker's + the Temporal server's. The servers'
  share with the other clients.
- The p99 is of the other clients' operations on the source and on the target, while the tool runs. "Alone" is the same while none runs. The goals
  are about those of both servers together.
- The goals: the first load and each of the changes take at most 0.7 of the time of the best of the others. Beside us the other clients' p99 is no worse than
  beside that tool, and at most 3 times that alone. Up to 1.25 times as much is named as what two runs differ: of eight first loads by ours,
  all the same, the p99 was 0.88 to 1.24 times its median.
- The other clients are five: point reads and range scans on both sides, and updates on the target, with
  ` + "`innodb_lock_wait_timeout=1`" + `. Each begins an operation every 5 ms, whether or not those before have ended, on up to 16 connections. Its time
  counts from the moment when it is due. One that gets none of them within a second is not done, and counts with that second. The tools have the default of 50. Nothing else changes the source, so that every tool moves the same rows.
- Ours has ` + "`overlap: 0s`" + `, as the other tools read nothing again: the changes follow each other within seconds, and by default a run would read
  those of the minute before its watermark again. Everything else of it is the default.
- Before each run both servers have purged and written what the one before had left.
- Our worker and the Temporal server run before the first load begins, as people have them. The other tools are programs that each run starts.
- Both servers have utf8mb4 as their character set, which is not MariaDB's default, and MySQL has no X Protocol.
- Both sides are compared row by row and value by value after the last changes. Tools whose sides are not equal do not count for the goals.

## What to know of the others

- Versions are pinned in ` + "`integration/bench/peers/tools/constraints.txt`" + `. Sling and ingestr stand at the last versions found whose PyPI
  package holds the program itself; later packages are launchers that download it from elsewhere. ` + "`SLING=/path`" + ` and ` + "`INGESTR=/path`" + ` run others.
- dlt can load Parquet through an ADBC driver of MySQL. There is no PyPI package of that driver, so it is not used here. Its ` + "`connectorx`" + ` backend was
  not faster than ` + "`pyarrow`" + ` in trials and reads the table into memory as a whole.
- ingestr keeps no watermark: its caller gives the interval. Appending is not repeatable: a first load that failed half way has to start over.
- The tools report to their makers by default; that is switched off.
`
