"""Reads shop.orders of a MySQL server with dlt and writes what has changed into a folder, by dlt's own incremental. The
view shop.orders_feed has the orders, and those that were deleted with their key, the time and a mark.

Environment: SOURCE (host:port), USER and PASSWORD, FOLDER (bucket_url), WORK (a folder for dlt's state),
ABORT=1 ends the process when all files of the load are written, and before dlt marks it as complete.
"""

import os

env = os.environ
env["RUNTIME__DLTHUB_TELEMETRY"] = "false"
env["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from dlt.sources.sql_database import sql_table
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

host, port = env["SOURCE"].rsplit(":", 1)
engine = create_engine(
    URL.create("mysql+pymysql", env["USER"], env["PASSWORD"], host, int(port), "shop", {"charset": "utf8mb4"}),
    # A TIMESTAMP is read in the session's time zone, and dlt takes what it reads for UTC.
    connect_args={"init_command": "SET time_zone = '+00:00'"},
)
orders = sql_table(
    engine,
    table="orders_feed",
    backend="pyarrow",
    chunk_size=50_000,
    reflection_level="full_with_precision",
    incremental=dlt.sources.incremental("updated_at"),
    primary_key="id",
    write_disposition="merge",  # the destination filesystem appends, and keeps the hints in its schema
)
orders.apply_hints(table_name="orders", columns={"gone": {"hard_delete": True}})
pipeline = dlt.pipeline(
    pipeline_name="shop",
    pipelines_dir=env["WORK"],
    destination=dlt.destinations.filesystem(env["FOLDER"]),
    dataset_name="shop_data",
)
if env.get("ABORT"):
    FilesystemClient.complete_load = lambda self, load_id: os._exit(9)
pipeline.run(orders, loader_file_format="parquet")
normalized = pipeline.last_trace.last_normalize_info
print(normalized.row_counts.get("orders", 0) if normalized else 0)
