"""The hybrid that people write by hand: pandas reads, Parquet is staged, rows are upserted.

Environment: SOURCE and TARGET (host:port), DRIVER (mysqldb, pymysql), STATEMENTS (single: one upsert
per row; batched: executemany, which the driver turns into statements of many rows), WORK (a folder).
"""

import os
import shutil

import pandas as pd
import pyarrow.parquet as pq
import sqlalchemy as sa

env = os.environ
ROWS_PER_FILE, ROWS_PER_TRANSACTION = 50_000, 10_000
COLUMNS = ["id", "customer", "status", "amount", "note", "created_at", "updated_at"]
UPSERT = "INSERT INTO orders ({}) VALUES ({}) ON DUPLICATE KEY UPDATE {}".format(
    ", ".join(COLUMNS), ", ".join(["%s"] * len(COLUMNS)), ", ".join(f"{c} = VALUES({c})" for c in COLUMNS[1:])
)


def engine(address):
    return sa.create_engine(f"mysql+{env['DRIVER']}://peer@{address}/shop?charset=utf8mb4")


def extract(since, folder):
    """Writes what has changed since then into Parquet files, and returns their paths."""
    query = sa.text("SELECT * FROM orders" + (" WHERE updated_at >= :since" if since else ""))
    paths = []
    with engine(env["SOURCE"]).connect().execution_options(stream_results=True) as connection:
        chunks = pd.read_sql(query, connection, params={"since": since} if since else None, chunksize=ROWS_PER_FILE)
        for chunk in chunks:
            paths.append(os.path.join(folder, f"{len(paths)}.parquet"))
            chunk.to_parquet(paths[-1], index=False)
    return paths


def upsert(connection, rows):
    cursor = connection.cursor()
    if env["STATEMENTS"] == "batched":
        cursor.executemany(UPSERT, rows)
    else:
        for row in rows:
            cursor.execute(UPSERT, row)
    connection.commit()


def main():
    folder = os.path.join(env["WORK"], "parquet")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    target = engine(env["TARGET"])
    with target.connect() as connection:
        since = connection.execute(sa.text("SELECT MAX(updated_at) FROM orders")).scalar()
    paths = extract(since, folder)
    connection = target.raw_connection()
    for path in paths:
        for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_TRANSACTION, columns=COLUMNS):
            upsert(connection, list(zip(*(column.to_pylist() for column in batch.columns))))


main()
