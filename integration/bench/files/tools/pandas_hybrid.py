"""The second half of the hybrid that people write by hand: staged Parquet files are read and upserted.

Environment: TARGET (host:port), USER, PASSWORD, FILES (paths, one a line), WAY (executemany: the driver makes one
statement of many rows; load: LOAD DATA into a table beside it, and one INSERT … SELECT).
"""

import os
import tempfile

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pymysql

env = os.environ
ROWS_PER_TRANSACTION = 10_000
COLUMNS = ["id", "customer", "status", "amount", "note", "created_at", "updated_at"]
INSERT = "INSERT INTO orders ({})".format(", ".join(COLUMNS))
UPDATE = " ON DUPLICATE KEY UPDATE " + ", ".join(f"{c} = VALUES({c})" for c in COLUMNS[1:])


def executemany(connection, batch):
    rows = list(zip(*(column.to_pylist() for column in batch.columns)))
    values = " VALUES ({})".format(", ".join(["%s"] * len(COLUMNS)))
    with connection.cursor() as cursor:
        cursor.executemany(INSERT + values + UPDATE, rows)
    connection.commit()


def load(connection, path):
    """Writes the file as CSV, which LOAD DATA reads, and upserts all of it with one statement."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as out:
        csv.write_csv(pq.read_table(path, columns=COLUMNS), out.name, csv.WriteOptions(include_header=False))
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE incoming LIKE orders")
            cursor.execute(
                f"LOAD DATA LOCAL INFILE '{out.name}' INTO TABLE incoming CHARACTER SET utf8mb4"
                " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY ''"
                " (id, customer, status, amount, @note, created_at, @moment)"
                " SET note = NULLIF(@note, ''), updated_at = TRIM(TRAILING 'Z' FROM @moment)"
            )
            cursor.execute(INSERT + f" SELECT {', '.join(COLUMNS)} FROM incoming" + UPDATE)
            cursor.execute("DROP TEMPORARY TABLE incoming")
        connection.commit()


def main():
    host, port = env["TARGET"].rsplit(":", 1)
    connection = pymysql.connect(
        host=host, port=int(port), user=env["USER"], password=env["PASSWORD"], database="shop", charset="utf8mb4",
        local_infile=True, init_command="SET time_zone = '+00:00'",
    )
    for path in env["FILES"].splitlines():
        if env["WAY"] == "load":
            load(connection, path)
            continue
        for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_TRANSACTION, columns=COLUMNS):
            executemany(connection, batch)


main()
