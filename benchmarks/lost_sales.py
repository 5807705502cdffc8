"""How often the interval of lost sales holds what stock-outs really missed, in reseeded shops.

``python benchmarks/lost_sales.py > benchmarks/lost_sales.md`` makes the committed tables. Each shop
of the first is the demo with another seed: the same rules, other customers, other stock-outs. Its
truth (`unmet_units` of truth.json) is by year, so that each shop tries two intervals.

In the demo, products run out one by one, and part of what is missed is bought as another. Shops of
the second table are drawn here, without such replacement, and run out of several products at once:
`--only drawn` prints that table alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi import baskets
from marketing_kpi.data.demo import simulate
from marketing_kpi.data.sources import open_data

TABLES = ("orders", "order_lines", "products", "contacts", "promotions", "stock", "stores")
YEARS = (2024, 2025)

DRAWN_SHOPS = 30
DAYS = pd.date_range("2025-01-01", periods=240)
ASKED = 120
"""The first day of the period, which ends with the last day."""


class Kind(NamedTuple):
    """How the shops of a row are delivered."""

    name: str
    products: int
    days: int  # from one delivery of a product to the next
    together: bool  # all products of both places on the same days


KINDS = (
    Kind("one day for all, every 14 days, 10 products", 10, 14, True),
    Kind("one day for all, every 7 days, 10 products", 10, 7, True),
    Kind("one day for all, every 14 days, 40 products", 40, 14, True),
    Kind("each product on its own day, every 14 days, 10 products", 10, 14, False),
    Kind("each product on its own day, every 3 days, 10 products", 10, 3, False),
)


class Tried(NamedTuple):
    """One period of one shop: the truth, the estimate with its interval."""

    truth: float
    units: float
    low: float
    high: float


def years(seed: int, folder: Path) -> Iterator[Tried]:
    """Simulate a shop; yield its years."""
    simulate(scale=1, seed=seed, out=folder, tables=TABLES)
    truth = json.loads((folder / "truth.json").read_text())["stock_outs"]["unmet_units"]
    with open_data(folder) as data:
        for year in YEARS:
            span = {"start": f"{year}-01-01", "end": f"{year + 1}-01-01"}
            found = baskets.lost_sales(data, **span)
            yield Tried(truth[str(year)], found.units, found.low, found.high)


def drawn(seed: int, kind: Kind) -> Tried:
    """Draw demand, let two places sell what they hold, and estimate what they lost."""
    rng = np.random.default_rng(seed)
    t = np.arange(len(DAYS))
    usual = rng.gamma(3, 1.2, kind.products)[:, None] * np.array([1.0, 0.6])
    busy = (1 + 0.3 * np.sin(2 * np.pi * t / len(t))) * (1 + 0.2 * np.sin(2 * np.pi * t / 7))
    busy = busy[:, None] * np.exp(rng.normal(0, 0.1, (len(t), 2)))
    liked = rng.lognormal(0, 0.25, usual.shape)
    demand = rng.poisson(usual * liked * busy[:, None, :])  # day, product, place
    offset = 5 * np.arange(kind.products)[:, None] + 3 * np.arange(2)
    delivered = (t[:, None, None] + offset * (not kind.together)) % kind.days == 0
    left = np.floor(usual * kind.days)
    sold, held = np.empty(demand.shape), np.empty(demand.shape)
    for day in range(len(t)):
        supply = usual * kind.days * rng.uniform(0.75, 1.25, usual.shape)
        left = left + np.floor(supply * delivered[day])
        sold[day] = np.minimum(demand[day], left)
        left = left - sold[day]
        held[day] = left
    lost = (demand - sold)[ASKED:].sum()
    with open_data(_tables(sold, held)) as data:
        span = {"start": DAYS[ASKED].date(), "end": (DAYS[-1] + pd.Timedelta(days=1)).date()}
        found = baskets.lost_sales(data, **span)
        return Tried(lost, found.units, found.low, found.high)


def _tables(sold: np.ndarray, held: np.ndarray) -> dict[str, pd.DataFrame]:
    """Return the tables of what was sold, an order a unit, and held."""
    day, product, place = (each.ravel() for each in np.indices(sold.shape))
    rows = pd.DataFrame({"product_id": product.astype(str), "place": place.astype(str)})
    stock = rows.rename(columns={"place": "location_id"}).assign(day=DAYS[day])
    each = rows.index.repeat(sold.ravel().astype(int))
    lines = rows.loc[each].reset_index(drop=True).assign(quantity=1.0, unit_price=5.0)
    lines["order_id"] = lines["line_id"] = lines.index.astype(str)
    orders = lines[["order_id"]].assign(ordered_at=DAYS[day[each]], store_id=lines.pop("place"))
    return {"orders": orders, "order_lines": lines, "stock": stock.assign(sellable=held.ravel())}


def print_drawn() -> None:
    """Print how often the interval holds the truth of the drawn shops."""
    print("\n## Shops in which products run out together\n")
    print(f"{DRAWN_SHOPS} shops a row, without replacement.\n")
    print("| deliveries | truth | within the interval | truth below it | above it "
          "| estimate over truth |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        found = [drawn(seed, kind) for seed in range(DRAWN_SHOPS)]
        truth, units, low, high = np.array(found).T
        print(
            f"| {kind.name} | {truth.mean():.0f} | {((low <= truth) & (truth <= high)).mean():.3f} "
            f"| {(truth < low).mean():.3f} | {(truth > high).mean():.3f} "
            f"| {units.sum() / truth.sum():.3f} |", flush=True
        )  # fmt: skip


def main() -> None:
    """Print what the shops gave."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shops", type=int, default=12)
    parser.add_argument("--only", choices=["drawn"])
    asked = parser.parse_args()
    if asked.only:
        print_drawn()
        return
    shops = asked.shops
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
    print_drawn()


if __name__ == "__main__":
    main()
