"""Prints the columns of a Parquet file as two readers see them: their types and typed values."""

import datetime
import json
import sys

import duckdb
import pyarrow
import pyarrow.parquet


def show(value):
    """A text that tells apart what the reader's types tell apart."""
    if value is None:
        return None
    kind = type(value).__name__
    if isinstance(value, (bytes, bytearray)):
        return "bytes " + bytes(value).hex()
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return kind + " " + value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return kind + " " + value.isoformat()
    if isinstance(value, float):
        return kind + " " + repr(value)
    return kind + " " + str(value)


def with_pyarrow(path):
    table = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).read()
    return [
        {"name": field.name, "type": str(field.type), "values": [show(v) for v in column.to_pylist()]}
        for field, column in zip(table.schema, table.columns)
    ]


def with_duckdb(path):
    # Without its time zone extension, which would come over the network, DuckDB hands over UTC.
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    result = connection.execute("select * from read_parquet(?)", [path])
    heads = [(name, str(kind)) for name, kind, *_ in result.description]
    rows = result.fetchall()
    return [
        {"name": name, "type": kind, "values": [show(row[i]) for row in rows]}
        for i, (name, kind) in enumerate(heads)
    ]


json.dump({"pyarrow": with_pyarrow(sys.argv[1]), "duckdb": with_duckdb(sys.argv[1])}, sys.stdout)
