"""Opens a CSV of sale lines larger than the memory it is given, and prints a Markdown row.

    python benchmarks/stream.py --gigabytes 5 --memory 4GB

The file is made first, by DuckDB, with the messiness of a French export (`;`, decimal comma,
day-first dates, returns as negative quantities); only opening it is measured.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

BYTES_A_LINE = 49
MAPPING = {
    "kind": "lines",
    "columns": {
        "order_id": "Ticket",
        "customer_id": "Client",
        "ordered_at": "Date",
        "product_id": "Article",
        "quantity": "Quantité",
        "unit_price": "Prix",
    },
    "returns": {"negative_quantity": True},
}


def write_csv(path: Path, *, lines: int) -> None:
    """Write `lines` sale lines: 4 a ticket, one in 50 a return, a customer in 8 unidentified."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (
                SELECT 'T' || lpad((i // 4)::VARCHAR, 9, '0') AS "Ticket",
                       CASE WHEN i // 4 % 8 > 0
                            THEN 'C' || (i // 4 * 7919 % 1000003) END AS "Client",
                       strftime(TIMESTAMP '2023-01-01' + to_seconds(i // 4 % 94000000),
                                '%d/%m/%Y %H:%M') AS "Date",
                       'P' || (i * 31 % 5003) AS "Article",
                       CASE WHEN i % 50 = 0 THEN -1 ELSE 1 + i % 3 END AS "Quantité",
                       replace((4.99 + i % 90)::DECIMAL(9, 2)::VARCHAR, '.', ',') AS "Prix"
                FROM range({lines}) AS numbered(i)
            ) TO '{path}' (DELIMITER ';', HEADER)
            """
        )


def measure(path: Path, memory_limit: str) -> dict[str, float]:
    """Open the file in this process; return seconds, peak memory in MB and what was read."""
    from marketing_kpi.data.sources import open_data

    began = time.perf_counter()
    with open_data(path, mapping=MAPPING, memory_limit=memory_limit) as data:
        opened = time.perf_counter() - began
        counts = {name: table.count().to_pyarrow().as_py() for name, table in data.tables.items()}
        amount = float(data.orders.amount.sum().to_pyarrow().as_py())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": opened, "peak_mb": peak, "amount": amount, **counts}


def main() -> None:
    """Make the file, open it in a process of its own, print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--memory", default="3GB", help="limit given to the engine")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        result = measure(options.measure, options.memory)
        print(*(f"{name}={value}" for name, value in result.items()))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.csv"
        write_csv(path, lines=int(options.gigabytes * 1e9 / BYTES_A_LINE))
        size = path.stat().st_size / 1e9
        command = [sys.executable, __file__, "--measure", str(path), "--memory", options.memory]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = dict(item.split("=") for item in printed.split())
    print("| CSV | engine limit | lines | seconds | peak memory of the process |")
    print("|---|---|---|---|---|")
    print(
        f"| {size:.2f} GB | {options.memory} | {int(found['order_lines']):,} | "
        f"{float(found['seconds']):.0f} | {float(found['peak_mb']):,.0f} MB |"
    )


if __name__ == "__main__":
    main()
