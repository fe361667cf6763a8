"""Loads one table with dlt and prints {"seconds": …}: the pipeline alone, without imports."""
import json
import os
import sys
import tempfile
import time

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
import dlt  # noqa: E402
from dlt.sources.sql_database import sql_table  # noqa: E402

source, kind, place, table = sys.argv[1:5]
# SQLAlchemy knows only the longer name.
source = source.replace("postgres://", "postgresql+psycopg2://", 1)
# dlt wants a password, which this server does not ask for.
place = place.replace("postgres://", "postgresql://", 1).replace("postgres@", "postgres:none@", 1)
destination = (
    dlt.destinations.postgres(credentials=place) if kind == "postgres" else dlt.destinations.filesystem(bucket_url=place)
)
with tempfile.TemporaryDirectory() as folder:
    pipeline = dlt.pipeline("bench_" + kind, destination=destination, dataset_name="dlt_bench", pipelines_dir=folder)
    rows = sql_table(credentials=source, table=table, backend="pyarrow", chunk_size=100_000)
    began = time.perf_counter()
    info = pipeline.run(rows, write_disposition="replace", loader_file_format="parquet" if kind == "filesystem" else None)
    seconds = time.perf_counter() - began
    info.raise_on_failed_jobs()
print(json.dumps({"seconds": seconds}))
