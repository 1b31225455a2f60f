"""Syncs shop.orders with dlt: source sql_database, destination sqlalchemy, as dlt's pages on both advise.

Environment: SOURCE and TARGET (host:port), DRIVER (mysqldb, pymysql), DISPOSITION (merge, replace),
WORK (a folder for dlt's state).
"""

import os

import dlt
from dlt.sources.sql_database import sql_table

env = os.environ
url = "mysql+" + env["DRIVER"] + "://peer@{}/shop?charset=utf8mb4"

orders = sql_table(
    url.format(env["SOURCE"]),
    table="orders",
    backend="pyarrow",  # "we recommend using this backend for larger tables"
    chunk_size=50_000,
    reflection_level="full_with_precision",
    incremental=dlt.sources.incremental("updated_at"),
    primary_key="id",
)
pipeline = dlt.pipeline(
    pipeline_name="orders",
    pipelines_dir=os.path.join(env["WORK"], "dlt"),
    destination=dlt.destinations.sqlalchemy(url.format(env["TARGET"]), create_primary_keys=True),
    dataset_name="shop",
)
# Parquet goes from the source to the loader without dlt's normalizer.
print(pipeline.run(orders, write_disposition=env["DISPOSITION"], loader_file_format="parquet"))
