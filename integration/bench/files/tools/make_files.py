"""Writes the rows of shop.orders as files of others, with pandas and pyarrow.

Environment: SOURCE (host:port), USER, PASSWORD, FOLDER, FILES (how many, of equal size), SINCE (a moment: only rows
that have changed since; may be empty), KINDS (parquet,jsonl).
"""

import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

env = os.environ
host, port = env["SOURCE"].rsplit(":", 1)
URL = sa.URL.create("mysql+pymysql", env["USER"], env["PASSWORD"], host, int(port), "shop", {"charset": "utf8mb4"})
ENGINE = sa.create_engine(URL, connect_args={"init_command": "SET time_zone = '+00:00'"})
SCHEMA = pa.schema(
    [
        ("id", pa.uint64()),
        ("customer", pa.string()),
        ("status", pa.string()),
        ("amount", pa.decimal128(12, 2)),
        ("note", pa.string()),
        ("created_at", pa.timestamp("us")),
        ("updated_at", pa.timestamp("us", "UTC")),
    ]
)


def write(frame, number, prefix):
    for kind in env["KINDS"].split(","):
        folder = os.path.join(env["FOLDER"], kind)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{prefix}-{number}.{kind}")
        if kind == "parquet":
            pq.write_table(pa.Table.from_pandas(frame, SCHEMA, preserve_index=False), path, row_group_size=250_000)
        else:
            text = frame.assign(
                amount=frame["amount"].astype(str),
                created_at=frame["created_at"].dt.strftime("%Y-%m-%dT%H:%M:%S"),
                updated_at=frame["updated_at"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            )
            text.to_json(path, orient="records", lines=True, force_ascii=False)


def main():
    since, files = env.get("SINCE"), int(env["FILES"])
    where = f" WHERE updated_at > '{since}'" if since else ""
    with ENGINE.connect().execution_options(stream_results=True) as connection:
        count = connection.execute(sa.text("SELECT COUNT(*) FROM orders" + where)).scalar()
        size = -(-count // files)
        query = sa.text("SELECT * FROM orders" + where + " ORDER BY id")
        for number, frame in enumerate(pd.read_sql(query, connection, chunksize=size, coerce_float=False)):
            frame["updated_at"] = frame["updated_at"].dt.tz_localize("UTC")
            write(frame, number, "changes" if since else "orders")
    print(count)


main()
