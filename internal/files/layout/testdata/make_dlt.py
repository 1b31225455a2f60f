"""Writes the folders below testdata/dlt with dlt, as its own pipelines do.

Run it with tools/python/env.sh tools/python/makers.txt, and the folder testdata as its argument. Load ids and file ids
are new each time; tests read them from the names.
"""

import datetime
import os
import shutil
import sys
import tempfile
from decimal import Decimal

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt
from dlt.destinations import dummy, filesystem
from dlt.destinations.exceptions import DestinationTerminalException
from dlt.destinations.impl.filesystem.filesystem import FilesystemLoadJob

OUT = os.path.join(sys.argv[1], "dlt")


def moment(hour):
    return datetime.datetime(2026, 11, 1, hour, 30, 0, 123456, tzinfo=datetime.timezone.utc)


def order(number, hour, **more):
    row = {
        "id": number,
        "customerName": "Ünal",
        "amount": Decimal("12.30"),
        "note": None,
        "raw": b"\x00\xff",
        "doc": {"a": [1, 2]},
        "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}],
        "due": datetime.date(2026, 12, 24),
        "updated_at": moment(hour),
        "deleted": False,
    }
    return row | more


HINTS = {
    "amount": {"data_type": "decimal", "precision": 12, "scale": 2},
    "note": {"data_type": "text"},
    "doc": {"data_type": "json"},
    "deleted": {"data_type": "bool", "hard_delete": True},
    "updated_at": {"dedup_sort": "desc"},
}


@dlt.resource(name="orders", primary_key="id", write_disposition="merge", columns=HINTS)
def orders(rows, cursor=dlt.sources.incremental("updated_at")):
    yield rows


@dlt.resource(
    name="items",
    primary_key="id",
    write_disposition="merge",
    columns={"version": {"dedup_sort": "desc"}, "removed_at": {"data_type": "timestamp", "hard_delete": True}},
)
def items(rows):
    yield rows


@dlt.resource(
    name="firsts", primary_key="id", write_disposition="merge", columns={"seq": {"dedup_sort": "asc"}}
)
def firsts(rows):
    yield rows


@dlt.resource(name="events", write_disposition="append")
def events(rows):
    yield rows


@dlt.resource(name="rates", primary_key="code", write_disposition="replace")
def rates(rows):
    yield rows


def pipeline(case, pipelines_dir, **options):
    return dlt.pipeline(
        "shop",
        pipelines_dir=pipelines_dir,
        destination=filesystem(OUT, **options),
        dataset_name=case,
    )


def without(row, *names):
    return {k: v for k, v in row.items() if k not in names}


def three_loads(case, work, file_format, leave_out=()):
    """Two complete loads, and one whose upload has failed: its files are there, and its marker is not."""
    p = pipeline(case, work)
    p.run(
        [
            orders([without(order(n, n), *leave_out) for n in (1, 2)]),
            rates([{"code": "EUR", "rate": 1.5}, {"code": "CHF", "rate": 1.25}]),
        ],
        loader_file_format=file_format,
    )
    changed = [order(2, 3, note="x"), order(2, 4, note="y"), order(3, 4), order(1, 5, deleted=True)]
    p.run(
        [
            orders([without(row, *leave_out) for row in changed]),
            rates([{"code": "EUR", "rate": 2.5}]),
        ],
        loader_file_format=file_format,
    )
    run = FilesystemLoadJob.run

    def failing(job):
        run(job)
        raise DestinationTerminalException("the upload failed")

    FilesystemLoadJob.run = failing
    try:
        p.run(orders([without(order(4, 6), *leave_out)]), loader_file_format=file_format)
    except Exception as e:  # the pipeline says so
        print(case, type(e).__name__)
    finally:
        FilesystemLoadJob.run = run


def item(number, version, **more):
    return {"id": number, "version": version, "name": f"v{version}"} | more


def merges(case, work):
    """Loads that dlt deduplicates and deletes by, and what its own merge makes of them in DuckDB. A delete has its key
    and little else."""
    os.environ["DATA_WRITER__FILE_MAX_ITEMS"] = "3"  # several files in one load
    merged = os.path.join(work, "merged.duckdb")
    staged = pipeline(case, os.path.join(work, "staged"))
    direct = dlt.pipeline(
        "shop",
        pipelines_dir=os.path.join(work, "direct"),
        destination=dlt.destinations.duckdb(merged),
        dataset_name=case,
    )
    for p in (staged, direct):
        merge_loads(p)
    del os.environ["DATA_WRITER__FILE_MAX_ITEMS"]
    with open(os.path.join(OUT, case, "expected.txt"), "w") as f:
        for query in ("SELECT id, version, name FROM items ORDER BY id", "SELECT id, seq FROM firsts ORDER BY id"):
            with direct.sql_client() as c:
                for row in c.execute_sql(query):
                    f.write(" ".join(map(str, row)) + "\n")


def merge_loads(p):
    gone = {"removed_at": moment(9)}
    p.run([items([item(n, 1) for n in (1, 2, 3, 4)]), firsts([{"id": 1, "seq": 5}, {"id": 1, "seq": 10}])])
    p.run(
        [
            items(
                [item(1, 3), {"id": 1, "version": 4} | gone, item(1, 2), item(3, 5), {"id": 3, "version": 3} | gone]
                + [item(4, 10), item(4, 9), {"id": 4, "version": 2} | gone, item(5, 1), {"id": 5, "version": 2} | gone]
            ),
            firsts([{"id": 2, "seq": 10}, {"id": 2, "seq": None}, {"id": 2, "seq": 9}, {"id": 1, "seq": 20}]),
        ]
    )
    p.run(items([item(1, 6), {"id": 2, "version": 7} | gone, {"id": 9, "version": 1} | gone]))


STRATEGIES = {
    "whole": {"merge_key": ["id", "day"]},
    "upserts": {"merge_key": "day", "strategy": "upsert"},
    "inserts": {"strategy": "insert-only"},
    "boxes": {},
    "days": {"merge_key": "day"},
    "versions": {"strategy": "scd2"},
    "changes": {"strategy": "cdc"},
    "filtered": {"source_filter": "id > 1"},
    "scoped": {"destination_scope": "id > 1"},
}


def strategies(case, work):
    """Tables of each way to merge, what dlt's own merge makes of some in DuckDB, and which children have a parent."""
    staged = pipeline(case, os.path.join(work, "staged"))
    direct = dlt.pipeline(
        "shop",
        pipelines_dir=os.path.join(work, "direct"),
        destination=dlt.destinations.duckdb(os.path.join(work, "merged.duckdb")),
        dataset_name=case,
    )
    loads = [[(1, "mon", "a"), (2, "mon", "b")], [(1, "mon", "c"), (3, "tue", "d")]]

    def resource(name, rows):
        how = dict(STRATEGIES[name])
        merge_key = how.pop("merge_key", None)
        rows = [{"id": i, "day": day, "v": v, "parts": [{"sku": v}, {"sku": v * 2}]} for i, day, v in rows]
        return dlt.resource(
            rows if name in ("boxes", "upserts") else [without(r, "parts") for r in rows],
            name=name,
            primary_key=None if name == "versions" else "id",
            merge_key=merge_key,
            write_disposition={"disposition": "merge"} | how,
        )

    for p in (staged, direct):
        for rows in loads:
            p.run([resource(name, rows) for name in STRATEGIES if p is staged or name in list(STRATEGIES)[:4]])
    children = "SELECT b.id, p.sku FROM boxes b JOIN boxes__parts p ON p._dlt_parent_id = b._dlt_id ORDER BY 1, 2"
    with open(os.path.join(OUT, case, "expected.txt"), "w") as f, direct.sql_client() as c:
        for name in ("whole", "upserts", "inserts", "boxes"):
            for row in c.execute_sql(f"SELECT '{name}', id, day, v FROM {name} ORDER BY id"):
                f.write(" ".join(map(str, row)) + "\n")
        for row in c.execute_sql(children):
            f.write(f"parts {row[0]} {row[1]}\n")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    for file_format in ("jsonl", "parquet"):
        with tempfile.TemporaryDirectory() as work:
            three_loads(file_format, work, file_format)
    with tempfile.TemporaryDirectory() as work:  # its CSV writer refuses bytes
        three_loads("csv", work, "csv", leave_out=("raw",))
    with tempfile.TemporaryDirectory() as work:
        merges("merges", work)
    with tempfile.TemporaryDirectory() as work:
        strategies("strategies", work)
    with tempfile.TemporaryDirectory() as work:  # a folder that a dlt before 0.5 has begun
        os.makedirs(os.path.join(OUT, "v1"))
        open(os.path.join(OUT, "v1", "init"), "w").close()
        pipeline("v1", work).run(events([{"id": 1}]))
    with tempfile.TemporaryDirectory() as work:
        path = "{schema_name}/{table_name}/{YYYY}-{MM}/{load_id}_{file_id}"
        pipeline("paths", work, layout=path).run(events([{"id": 1}]), loader_file_format="parquet")
    with tempfile.TemporaryDirectory() as work:  # a replace without rows, by a generator that ends at once
        p = pipeline("emptied", work)
        p.run(rates([{"code": "EUR", "parts": [{"n": 1}]}]), loader_file_format="parquet")
        p.run(rates([]), loader_file_format="parquet")
    with tempfile.TemporaryDirectory() as work:  # what dlt stages for another destination
        dlt.pipeline(
            "shop",
            pipelines_dir=work,
            destination=dummy(completed_prob=1.0),
            staging=filesystem(OUT),
            dataset_name="staging",
        ).run(events([{"id": 1}]))


main()
