"""How often the interval of lost sales holds what stock-outs really missed, in reseeded shops.

``python benchmarks/lost_sales.py > benchmarks/lost_sales.md`` makes the committed table. Each shop
is the demo with another seed: the same rules, other customers, other stock-outs. Its truth
(`unmet_units` of truth.json) is by year, so that each shop tries two intervals.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from marketing_kpi import baskets
from marketing_kpi.data.demo import simulate
from marketing_kpi.data.sources import open_data

TABLES = ("orders", "order_lines", "products", "contacts", "promotions", "stock", "stores")
YEARS = (2024, 2025)


class Year(NamedTuple):
    """One year of one shop: the truth, the estimate with its interval."""

    truth: float
    units: float
    low: float
    high: float


def years(seed: int, folder: Path) -> Iterator[Year]:
    """Simulate a shop; yield its years."""
    simulate(scale=1, seed=seed, out=folder, tables=TABLES)
    truth = json.loads((folder / "truth.json").read_text())["stock_outs"]["unmet_units"]
    with open_data(folder) as data:
        for year in YEARS:
            span = {"start": f"{year}-01-01", "end": f"{year + 1}-01-01"}
            found = baskets.lost_sales(data, **span)
            yield Year(truth[str(year)], found.units, found.low, found.high)


def main() -> None:
    """Print what the shops gave."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=30)
    shops = parser.parse_args().shops
    found = []
    for seed in range(1, shops + 1):
        with tempfile.TemporaryDirectory() as folder:
            found += list(years(seed, Path(folder)))
    truth, units, low, high = (
        np.array(column, dtype="float64") for column in zip(*found, strict=True)
    )
    inside = (low <= truth) & (truth <= high)
    print("# The interval of lost sales\n")
    print(f"Seeds 1 to {shops}, years {YEARS[0]} and {YEARS[1]} of each.\n")
    print("| years | within the interval | truth below it | above it | estimate over truth |")
    print("| --- | --- | --- | --- | --- |")
    print(
        f"| {len(truth)} | {inside.mean():.3f} | {(truth < low).mean():.3f} "
        f"| {(truth > high).mean():.3f} | {units.sum() / truth.sum():.3f} |"
    )
    width = np.mean((high - low) / units / 2)
    print(f"\nThe interval reaches {width:.1%} to each side of the estimate, on average.")


if __name__ == "__main__":
    main()
