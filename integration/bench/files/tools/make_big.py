"""Writes one file of about BYTES bytes, by repeating rows: PARQUET or JSONL is its path, and the other is not set.

Every million rows the keys begin again: the target stays small, and what is measured is how the file is read.
"""

import datetime
import json
import os
import random
import string

import pyarrow as pa
import pyarrow.parquet as pq

env = os.environ
ROWS = 1_000_000


def rows(count):
    r = random.Random(7)
    letters = string.ascii_letters + string.digits + "äöüß "
    filler = ["".join(r.choices(letters, k=180)) for _ in range(10_000)]
    moment = datetime.datetime(2026, 1, 1)
    for i in range(1, count + 1):
        yield {
            "id": i,
            "customer": f"customer {i % 9973}",
            "status": "paid",
            "amount": f"{i % 100_000}.{i % 100:02}",
            "note": f"{i} " + filler[r.randrange(len(filler))],
            "created_at": (moment + datetime.timedelta(seconds=i)).isoformat(),
            "updated_at": (moment + datetime.timedelta(seconds=i)).isoformat() + "Z",
        }


def main():
    wanted = int(env["BYTES"])
    if path := env.get("JSONL"):
        count = min(ROWS, wanted // 400)
        block = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(count)).encode()
        with open(path, "wb") as f:
            while f.tell() < wanted:
                f.write(block)
        return
    path = env["PARQUET"]
    count = min(ROWS, wanted // 150)
    table = pa.Table.from_pylist(list(rows(count)))
    with pq.ParquetWriter(path, table.schema) as writer:
        while os.path.getsize(path) < wanted:
            writer.write_table(table, row_group_size=500_000)


main()
