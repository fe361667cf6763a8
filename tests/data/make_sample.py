#!/usr/bin/env python3
"""Cut the sample in dags/data out of the full set, and compute its totals.

    python3 make_sample.py FULL_DIR DATA_DIR

FULL_DIR is the directory written by full_dataset.py. DATA_DIR receives
sales.csv.gz, products.xml, products.json, promotions.csv and expected.json.
Standard library only. The same input gives the same files.

expected.json is computed from the written files, not from FULL_DIR, with
csv and decimal.
"""
import csv
import gzip
import hashlib
import io
import json
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

WEEK = "26"
ZONE = "America/New_York"
UNLISTED = "(unlisted)"
ZERO = Decimal("0.00")

SALES = "sales.csv.gz"
PRODUCTS_XML = "products.xml"
PRODUCTS_JSON = "products.json"
PROMOTIONS = "promotions.csv"
EXPECTED = "expected.json"


# --- the sample -----------------------------------------------------------


def cut_sales(full_dir, data_dir):
    """All transactions of the week, in the order of the full file."""
    product_ids, pairs = set(), set()
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    with open(full_dir / "transactions.csv", encoding="utf-8", newline="") as f:
        rows = csv.reader(f)
        header = next(rows)
        at = {name: i for i, name in enumerate(header)}
        out.writerow(header)
        for row in rows:
            if row[at["week"]] == WEEK:
                out.writerow(row)
                product_ids.add(row[at["product_id"]])
                pairs.add((row[at["product_id"]], row[at["store_id"]]))
    with open(data_dir / SALES, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as f:
            f.write(text.getvalue().encode())
    return product_ids, pairs


def cut_products(full_dir, data_dir, product_ids):
    with open(full_dir / "products.csv", encoding="utf-8", newline="") as f:
        products = [row for row in csv.DictReader(f) if row["product_id"] in product_ids]
    with open(data_dir / PRODUCTS_XML, "w", encoding="utf-8", newline="\n") as f:
        f.write('<?xml version="1.0" encoding="UTF-8"?>\n<products>\n')
        for row in products:
            fields = "".join(
                ' %s="%s"' % (name, escape(value, {'"': "&quot;"})) for name, value in row.items() if value != ""
            )
            f.write(f"<product{fields}/>\n")
        f.write("</products>\n")
    lines = []
    for row in products:
        record = {name: value if value != "" else None for name, value in row.items()}
        record["product_id"] = int(record["product_id"])
        record["manufacturer_id"] = int(record["manufacturer_id"])
        lines.append(json.dumps(record, separators=(",", ":")))
    with open(data_dir / PRODUCTS_JSON, "w", encoding="utf-8", newline="\n") as f:
        f.write("[\n" + ",\n".join(lines) + "\n]\n")


def cut_promotions(full_dir, data_dir, pairs):
    """Promotions of the week for product and store pairs that were sold."""
    kept = []
    tail = f",{WEEK}\n"
    with open(full_dir / "promotions.csv", encoding="utf-8", newline="") as f:
        header = f.readline()
        for line in f:
            if line.endswith(tail):
                row = line.rstrip("\n").split(",")
                if (row[0], row[1]) in pairs:
                    kept.append(row)
    kept.sort(key=lambda r: (int(r[0]), int(r[1]), r[2], r[3]))
    with open(data_dir / PROMOTIONS, "w", encoding="utf-8", newline="\n") as f:
        f.write(header)
        f.writelines(",".join(row) + "\n" for row in kept)


# --- the totals, from the written files -----------------------------------


def read_departments(data_dir):
    """product_id -> department; the XML and the JSON must say the same."""
    from_json = json.loads((data_dir / PRODUCTS_JSON).read_text(encoding="utf-8"))
    from_xml = []
    for element in ElementTree.parse(data_dir / PRODUCTS_XML).getroot():
        record = {name: element.get(name) for name in from_json[0]}
        record["product_id"] = int(record["product_id"])
        record["manufacturer_id"] = int(record["manufacturer_id"])
        from_xml.append(record)
    if from_xml != from_json:
        sys.exit("products.xml and products.json differ")
    return {str(record["product_id"]): record["department"] for record in from_json}


def summarise(sales, departments, promoted):
    by_department = defaultdict(lambda: ZERO)
    by_product = defaultdict(lambda: [0, ZERO])
    revenue, promo_rows, promo_revenue = ZERO, 0, ZERO
    for row in sales:
        value = Decimal(row["sales_value"])
        revenue += value
        by_department[departments.get(row["product_id"], UNLISTED)] += value
        entry = by_product[int(row["product_id"])]
        entry[0] += int(row["quantity"])
        entry[1] += value
        if (row["product_id"], row["store_id"], row["week"]) in promoted:
            promo_rows += 1
            promo_revenue += value
    top = sorted(by_product.items(), key=lambda item: (-item[1][1], item[0]))[:10]
    return {
        "rows": len(sales),
        "baskets": len({row["basket_id"] for row in sales}),
        "households": len({row["household_id"] for row in sales}),
        "quantity": sum(int(row["quantity"]) for row in sales),
        "revenue": str(revenue),
        "revenue_by_department": {name: str(by_department[name]) for name in sorted(by_department)},
        "top_products": [
            {"product_id": product_id, "quantity": quantity, "revenue": str(value)}
            for product_id, (quantity, value) in top
        ],
        "promotion": {"rows": promo_rows, "revenue": str(promo_revenue)},
    }


def compute_expected(data_dir):
    departments = read_departments(data_dir)
    with open(data_dir / PROMOTIONS, encoding="utf-8", newline="") as f:
        promotions = list(csv.DictReader(f))
    promoted = {(row["product_id"], row["store_id"], row["week"]) for row in promotions}
    with gzip.open(data_dir / SALES, "rt", encoding="utf-8", newline="") as f:
        sales = list(csv.DictReader(f))
    if len({(row["basket_id"], row["product_id"]) for row in sales}) != len(sales):
        sys.exit("(basket_id, product_id) is not unique")

    zone = ZoneInfo(ZONE)
    local, utc = defaultdict(list), defaultdict(list)
    for row in sales:
        stamp = datetime.fromisoformat(row["transaction_timestamp"].replace("Z", "+00:00"))
        local[stamp.astimezone(zone).date().isoformat()].append(row)
        utc[stamp.date().isoformat()].append(row)

    def days(groups):
        return [{"date": day, **summarise(groups[day], departments, promoted)} for day in sorted(groups)]

    return {
        "week": int(WEEK),
        "time_zone": ZONE,
        "first_timestamp": min(row["transaction_timestamp"] for row in sales),
        "last_timestamp": max(row["transaction_timestamp"] for row in sales),
        "products": len(departments),
        "promotions": len(promotions),
        "promoted_product_stores": len(promoted),
        "unlisted": {
            "rows": sum(row["product_id"] not in departments for row in sales),
            "product_ids": sorted({int(row["product_id"]) for row in sales if row["product_id"] not in departments}),
        },
        "total": summarise(sales, departments, promoted),
        "days": days(local),
        "utc_days": days(utc),
    }


def main(full_dir, data_dir):
    data_dir.mkdir(parents=True, exist_ok=True)
    product_ids, pairs = cut_sales(full_dir, data_dir)
    cut_products(full_dir, data_dir, product_ids)
    cut_promotions(full_dir, data_dir, pairs)
    expected = compute_expected(data_dir)
    with open(data_dir / EXPECTED, "w", encoding="utf-8", newline="\n") as f:
        json.dump(expected, f, indent=2)
        f.write("\n")
    for name in (SALES, PRODUCTS_XML, PRODUCTS_JSON, PROMOTIONS, EXPECTED):
        content = (data_dir / name).read_bytes()
        print(f"{name}  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}")
    with gzip.open(data_dir / SALES) as f:
        content = f.read()
    print(f"sales.csv (unpacked)  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
