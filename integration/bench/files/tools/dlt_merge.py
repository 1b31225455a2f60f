"""Merges Parquet files into shop.orders with dlt's own destination for MySQL.

Environment: TARGET (host:port), USER, PASSWORD, FILES (paths, one a line), WORK (a folder for dlt's state).
"""

import os

env = os.environ
env["RUNTIME__DLTHUB_TELEMETRY"] = "false"
env["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import pyarrow as pa
import pyarrow.parquet as pq

url = "mysql+pymysql://{}:{}@{}/shop?charset=utf8mb4".format(env["USER"], env["PASSWORD"], env["TARGET"])


@dlt.resource(name="orders", primary_key="id", write_disposition="merge")
def orders():
    for path in env["FILES"].splitlines():
        for batch in pq.ParquetFile(path).iter_batches(50_000):
            yield pa.Table.from_batches([batch])


pipeline = dlt.pipeline(
    pipeline_name="orders",
    pipelines_dir=os.path.join(env["WORK"], "dlt"),
    destination=dlt.destinations.sqlalchemy(url, create_primary_keys=True),
    dataset_name="shop",
)
# Parquet goes to the loader without dlt's normalizer.
pipeline.run(orders(), loader_file_format="parquet")
