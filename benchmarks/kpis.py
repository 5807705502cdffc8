"""Every KPI of sales by channel and month in one call, beside one SQL statement written by hand.

    python benchmarks/kpis.py > benchmarks/kpis.md

It makes a shop in Parquet, four lines an order, and times `mk.compute` on it and the statement in
DuckDB alone, in turns, both told to use the same number of threads. Opening the data and building
the query are timed too, apart. The answers must agree.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

import marketing_kpi as mk

LINES_AN_ORDER = 4
PRODUCTS = 2_000
KPIS = [kpi.id for kpi in mk.dictionary().kpis if kpi.fact == "sales"]
BY_HAND = """
WITH valid AS (
    SELECT order_id, customer_id, ordered_at, channel, coalesce(amount >= 0, true) AS bought
    FROM '{folder}/orders.parquet'
    WHERE coalesce(status NOT IN ('cancelled', 'fraud'), true) AND NOT coalesce(is_test, false)
),
lines AS (
    SELECT v.*, l.promotion_id,
           CASE WHEN bought THEN l.quantity ELSE 0 END AS units,
           l.quantity * l.unit_price AS net,
           l.quantity * coalesce(l.list_price, p.list_price) AS gross,
           l.quantity * coalesce(l.unit_cost, p.unit_cost) AS cost
    FROM valid v
    LEFT JOIN '{folder}/order_lines.parquet' l USING (order_id)
    LEFT JOIN '{folder}/products.parquet' p USING (product_id)
),
sums AS (
    SELECT date_trunc('month', ordered_at)::DATE AS period, channel,
           count(DISTINCT order_id) FILTER (bought) AS orders,
           count(DISTINCT order_id) FILTER (bought AND net IS NOT NULL) AS valued,
           count(DISTINCT customer_id) FILTER (bought) AS buyers,
           sum(units) AS units_sold,
           sum(units) FILTER (net IS NOT NULL) AS priced_units,
           sum(gross) AS gross_sales,
           sum(net) AS net_sales,
           sum(cost) AS cost_of_goods_sold,
           sum(net - cost) AS gross_profit,
           sum(net) FILTER (cost IS NOT NULL) AS costed_sales,
           sum(cost) FILTER (net IS NOT NULL) AS priced_cost,
           sum(gross - net) AS discounts,
           sum(gross) FILTER (net IS NOT NULL) AS priced_gross,
           sum(net) FILTER (gross IS NOT NULL) AS listed_net,
           sum(net) FILTER (promotion_id IS NOT NULL) AS promoted
    FROM lines GROUP BY ALL
)
SELECT period, channel, orders, buyers, units_sold, gross_sales, net_sales, cost_of_goods_sold,
       gross_profit,
       net_sales::DOUBLE / valued AS average_order_value,
       units_sold::DOUBLE / orders AS units_per_transaction,
       net_sales::DOUBLE / priced_units AS average_selling_price,
       gross_profit::DOUBLE / costed_sales AS gross_margin_rate,
       gross_profit::DOUBLE / priced_cost AS markup_rate,
       discounts::DOUBLE / priced_gross AS discount_rate,
       listed_net::DOUBLE / priced_gross AS price_realisation,
       coalesce(promoted, 0)::DOUBLE / net_sales AS promotion_share
FROM sums ORDER BY period, channel
"""
SHOP = {
    "products": """
        SELECT 'P' || i AS product_id, 'category ' || i % 12 AS category,
               (5 + i % 95)::DECIMAL(18, 4) AS list_price, (2 + i % 40)::DECIMAL(18, 4) AS unit_cost
        FROM range({products}) t(i)""",
    "orders": """
        SELECT 'O' || i AS order_id,
               CASE WHEN i % 8 > 0 THEN 'C' || i * 7919 % {customers} END AS customer_id,
               TIMESTAMP '2023-01-01' + to_seconds(i * 104729 % 94608000) AS ordered_at,
               ['web', 'store', 'app'][1 + i % 3] AS channel,
               CASE WHEN i % 25 = 0 THEN 'cancelled' ELSE 'delivered' END AS status,
               i % 500 = 0 AS is_test, 40.0::DECIMAL(18, 4) AS amount
        FROM range({orders}) t(i)""",
    "order_lines": """
        SELECT 'O' || i // {each} AS order_id, (1 + i % {each})::VARCHAR AS line_id,
               'P' || i * 31 % {products} AS product_id,
               (1 + i % 3)::DECIMAL(18, 4) AS quantity,
               (5 + i * 31 % 95)::DECIMAL(18, 4) AS list_price,
               (4 + i * 31 % 90)::DECIMAL(18, 4) AS unit_price,
               CASE WHEN i % 20 > 0 THEN (2 + i * 31 % 40)::DECIMAL(18, 4) END AS unit_cost,
               CASE WHEN i % 7 = 0 THEN 'sale' END AS promotion_id
        FROM range({lines}) t(i)""",
}


def make(folder: Path, lines: int) -> None:
    """Write the tables of the shop as Parquet."""
    sizes = {
        "lines": lines,
        "orders": lines // LINES_AN_ORDER,
        "customers": max(lines // 40, 1),
        "products": PRODUCTS,
        "each": LINES_AN_ORDER,
    }
    with duckdb.connect() as connection:
        for name, query in SHOP.items():
            connection.execute(f"COPY ({query.format(**sizes)}) TO '{folder}/{name}.parquet'")


def timed(call: Callable[[], pd.DataFrame]) -> tuple[float, float, pd.DataFrame]:
    """Return the wall and processor seconds of a call, and what it returns."""
    began, worked = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - began, time.process_time() - worked, found


def compare(folder: Path, *, runs: int) -> list[float]:
    """Return the medians: ours and by hand, wall and processor seconds, then building the query."""
    with mk.open_data(folder) as data, duckdb.connect() as connection:
        (threads,) = data.connection.raw_sql("SELECT current_setting('threads')").fetchone()
        connection.execute(f"SET threads = {threads}")
        query = BY_HAND.format(folder=folder)
        ours, hand, building = [], [], []
        for _ in range(runs):
            begun = time.perf_counter()
            table = mk.compute(KPIS, data, by="channel", grain="month")
            building.append(time.perf_counter() - begun)
            *seconds, found = timed(lambda table=table: table.to_pandas())
            ours.append(seconds)
            *seconds, expected = timed(lambda: connection.execute(query).df())
            hand.append(seconds)
    check(found, expected)
    walls = [
        [statistics.median(column) for column in zip(*rows, strict=True)] for rows in (ours, hand)
    ]
    return [*walls[0], *walls[1], statistics.median(building)]


def check(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Leave where the two answers differ."""
    for kpi in KPIS:
        pair = found[kpi].to_numpy(float), expected[kpi].to_numpy(float)
        if not np.allclose(*pair, rtol=1e-9, atol=0, equal_nan=True):
            sys.exit(f"{kpi} differs: {pair}")


def main() -> None:
    """Read the command line, and print the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), arguments.lines)
        wall, work, hand_wall, hand_work, building = compare(Path(folder), runs=arguments.runs)
    print("# Every KPI of sales by channel and month, beside one statement by hand\n")
    print(f"By `kpis.py`: medians of {arguments.runs} turns, from Parquet, four lines an order.\n")
    print("| lines | KPIs | seconds | by hand | ratio | processor seconds | by hand | ratio | "
          "building the query |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {arguments.lines:,} | {len(KPIS)} | {wall:.2f} | {hand_wall:.2f} | "
        f"{wall / hand_wall:.2f} | {work:.2f} | {hand_work:.2f} | {work / hand_work:.2f} | "
        f"{building:.2f} |"
    )


if __name__ == "__main__":
    main()
