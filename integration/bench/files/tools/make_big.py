"""Writes one large file: KIND (jsonl, jsonl.gz or parquet) of about BYTES bytes at FILE; of jsonl.gz, BYTES of text.

A block of rows is repeated. No two notes of a block are the same, so that Parquet has dictionaries and plain pages as
real files do. There are few keys: the target keeps the newest row of each, and how the file is read is measured.
"""

import datetime
import gzip
import json
import os
import random
import string

env = os.environ
ROWS, KEYS = 500_000, 500


def rows(count):
    r = random.Random(7)
    letters = string.ascii_letters + string.digits + "äöüß "
    filler = ["".join(r.choices(letters, k=180)) for _ in range(10_000)]
    moment = datetime.datetime(2026, 1, 1)
    for i in range(1, count + 1):
        yield {
            "id": 1 + i % KEYS,
            "customer": f"customer {i % 9973}",
            "status": "paid",
            "amount": f"{i % 100_000}.{i % 100:02}",
            "note": f"{i} " + filler[r.randrange(len(filler))],
            "created_at": (moment + datetime.timedelta(seconds=i)).isoformat(),
            "updated_at": (moment + datetime.timedelta(seconds=i)).isoformat() + "Z",
        }


def write_text(path, wanted, compress):
    block = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(min(ROWS, wanted // 400))).encode()
    size = len(block)
    if compress:
        block = gzip.compress(block, 1)  # members of gzip may follow one another
    with open(path, "wb") as f:
        for _ in range(max(1, wanted // size)):
            f.write(block)


def write_parquet(path, wanted):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(list(rows(min(ROWS, wanted // 150))))
    with pq.ParquetWriter(path, table.schema) as writer:
        while os.path.getsize(path) < wanted:
            writer.write_table(table)


path, wanted, kind = env["FILE"], int(env["BYTES"]), env["KIND"]
if kind == "parquet":
    write_parquet(path, wanted)
else:
    write_text(path, wanted, kind == "jsonl.gz")
