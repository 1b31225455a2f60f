"""Writes the files of this folder: the same rows by several programs. See README.md for their versions.

Run it in this folder, with the packages of README.md installed.
"""

import datetime as dt
import decimal
import gzip
import json
import subprocess

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

UTC = dt.timezone.utc
N = 120


def rows():
    for i in range(N):
        null = i % 7 == 3
        day = dt.date(1970, 1, 1) + dt.timedelta(days=i * 397 % 40000)
        at = dt.datetime(2001, 2, 3, 4, 5, 6, 789) + dt.timedelta(hours=i * 2999, microseconds=i * 31)
        yield {
            "id": i * 3 - 50 if i != 5 else 2**63 - 1,
            "small": (i * 7919) % 60000 - 30000,
            "price": decimal.Decimal(i * 7919 % 1000000 - 400000).scaleb(-2),
            "big": None if null else decimal.Decimal(i * 12345678901234567890123 - 10**24).scaleb(-10),
            "name": None if null else ["", "plain", "Grüße 👋", 'a "quote", and\nmore'][i % 4] + ("" if i % 4 == 0 else str(i % 10)),
            "flag": None if i % 5 == 2 else i % 2 == 0,
            "ratio": i / 7 - 3,
            "single": i / 8,
            "day": day,
            "at": at,
            "inst": None if null else at.replace(tzinfo=UTC),
            "clock": dt.time(i % 24, i % 60, i * 7 % 60, i * 7919 % 1000000),
            "token": bytes([i % 256, 0, 255 - i % 256]),
        }


SCHEMA = pa.schema([
    ("id", pa.int64()), ("small", pa.int32()), ("price", pa.decimal128(12, 2)), ("big", pa.decimal128(38, 10)),
    ("name", pa.string()), ("flag", pa.bool_()), ("ratio", pa.float64()), ("single", pa.float32()),
    ("day", pa.date32()), ("at", pa.timestamp("us")), ("inst", pa.timestamp("us", tz="UTC")),
    ("clock", pa.time64("us")), ("token", pa.binary()),
])


def shortest(f):
    """As strconv.FormatFloat(f, 'g', -1, 64) of Go."""
    r = repr(f)
    return r[:-2] if r.endswith(".0") else r


def text(name, v):
    """What MySQL prints, as package table says."""
    if v is None:
        return None
    if name == "flag":
        return "1" if v else "0"
    if name in ("ratio", "single"):
        return shortest(v)
    if name in ("at", "inst"):
        return v.strftime("%Y-%m-%d %H:%M:%S.%f")
    if name == "clock":
        return v.strftime("%H:%M:%S.%f")
    if name == "token":
        return v.hex()
    if name in ("price", "big"):
        return format(v, "f")
    return str(v)


def parquets(table):
    pq.write_table(table, "pyarrow.parquet", row_group_size=100, data_page_size=512)
    pq.write_table(table, "pyarrow-v2.parquet", data_page_version="2.0", compression="zstd", data_page_size=700,
                   version="2.6", store_decimal_as_integer=True, write_page_checksum=True)
    pq.write_table(table, "pyarrow-plain.parquet", use_dictionary=False, compression="none", version="1.0")
    encodings = {
        "id": "DELTA_BINARY_PACKED", "small": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY",
        "token": "DELTA_LENGTH_BYTE_ARRAY", "ratio": "BYTE_STREAM_SPLIT", "single": "BYTE_STREAM_SPLIT",
        "day": "DELTA_BINARY_PACKED", "at": "DELTA_BINARY_PACKED", "flag": "RLE", "big": "BYTE_STREAM_SPLIT",
        "inst": "DELTA_BINARY_PACKED",
    }
    pq.write_table(table, "pyarrow-delta.parquet", use_dictionary=False, column_encoding=encodings, compression="gzip",
                   data_page_version="2.0", data_page_size=900)
    pq.write_table(table, "pyarrow-brotli.parquet", compression="brotli")
    pq.write_table(table, "pyarrow-lz4.parquet", compression="lz4")
    pq.write_table(table, "pyarrow-int96.parquet", use_deprecated_int96_timestamps=True)
    frame = table.to_pandas()
    frame.to_parquet("pandas.parquet", index=False)
    pl.from_arrow(table).write_parquet("polars.parquet", row_group_size=128)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("t", table)
    connection.execute("copy t to 'duckdb.parquet' (format parquet, row_group_size 2048)")
    connection.execute("copy t to 'duckdb-v2.parquet' (format parquet, parquet_version v2, compression zstd)")
    fast = frame.drop(columns=["clock", "big", "price", "day"])
    fastparquet.write("fastparquet.parquet", fast, compression="SNAPPY", row_group_offsets=[0, 111])


def nested():
    data = [
        {"id": i, "doc": None if i % 5 == 4 else {"a": i, "b": None if i % 2 else "x\"" + str(i)},
         "list": None if i % 7 == 6 else [None if (i + k) % 3 == 0 else i + k for k in range(i % 4)],
         "deep": [[{"k": str(k), "v": [k] * (k % 3)} for k in range(j)] for j in range(i % 3)],
         "map": [("k" + str(k), i * k) for k in range(i % 3)]}
        for i in range(60)
    ]
    schema = pa.schema([
        ("id", pa.int64()), ("doc", pa.struct([("a", pa.int64()), ("b", pa.string())])), ("list", pa.list_(pa.int32())),
        ("deep", pa.list_(pa.list_(pa.struct([("k", pa.string()), ("v", pa.list_(pa.int64()))])))),
        ("map", pa.map_(pa.string(), pa.int64())),
    ])
    pq.write_table(pa.Table.from_pylist(data, schema), "nested.parquet", row_group_size=25, data_page_size=64)
    with open("nested.expected.jsonl", "w") as f:
        for d in data:
            d = dict(d, map=dict(d["map"]))
            f.write(json.dumps(d, separators=(",", ":")) + "\n")


def texts(table):
    frame = table.to_pandas()
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("t", table)
    connection.execute("create view h as select * replace (hex(token) as token) from t")
    connection.execute("copy h to 'duckdb.csv' (header, nullstr '\\N')")
    connection.execute("copy h to 'duckdb.jsonl' (format json)")
    connection.execute("copy h to 'duckdb.json' (format json, array true)")
    connection.execute("copy h to 'duckdb.csv.gz' (header, nullstr '\\N')")
    connection.execute("copy h to 'duckdb.jsonl.zst' (format json, compression zstd)")
    frame["token"] = [v.hex() for v in frame["token"]]
    frame.to_csv("pandas.csv", index=False, na_rep="\\N")
    frame.drop(columns=["ratio", "clock", "at", "inst", "day", "price", "big"]).to_json("pandas.jsonl", orient="records", lines=True)
    polars = pl.from_arrow(table).with_columns(pl.col("token").bin.encode("hex"))
    polars.write_csv("polars.csv", null_value="\\N")
    polars.write_ndjson("polars.jsonl")
    with open("duckdb.jsonl", "rb") as f, gzip.GzipFile("gzip-without-suffix.jsonl", "wb", mtime=0) as g:
        g.write(f.read())


def main():
    data = list(rows())
    table = pa.Table.from_pylist(data, SCHEMA)
    with open("expected.jsonl", "w") as f:
        for d in data:
            f.write(json.dumps({k: text(k, v) for k, v in d.items()}) + "\n")
    parquets(table)
    nested()
    texts(table)


main()
