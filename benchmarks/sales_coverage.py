"""How often the intervals of sales cover the truth, and a search for steps raises an alarm.

``python benchmarks/sales_coverage.py > benchmarks/sales_coverage.md`` makes the committed table, in
some minutes. Visits: every sample is a device of one shop, so that one call gives all its
intervals. A visitor comes 1 + Poisson(2) times and orders with a probability of their own (beta, of
the correlation shown between the visits of one visitor). The tree: customers come at random in each
of two years, place 1 + Poisson(0.8) orders of 1 + Poisson(1.5) units at a price that is lognormal;
the pool they come from is of a random size, as the intervals assume, or of a fixed one. The search:
a shop of visitors who come by devices and channels drawn at random, all steps alike; then one in
which payment fails on mobile for a share of those who reach it.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from marketing_kpi import sales
from marketing_kpi.data.sources import open_data
from marketing_kpi.kpis.intervals import wilson
from marketing_kpi.kpis.periods import periods

DAY = pd.Timestamp("2025-01-15")
YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
VISITORS = {100: 400, 1_000: 300, 5_000: 60}
CUSTOMERS = {200: 120, 2_000: 40}
SHOPS = 100


def shop(rng, *, visitors: int, samples: int, rate: float, within: float):
    """Return a shop in which each device is a sample of visitors."""
    size = visitors * samples
    odds = (1 - within) / within if within else None
    own = np.full(size, rate) if odds is None else rng.beta(rate * odds, (1 - rate) * odds, size)
    owner = np.repeat(np.arange(size), 1 + rng.poisson(2.0, size))
    orders = rng.random(len(owner)) < own[owner]
    ids = pd.Series(np.arange(len(owner)).astype(str))
    visits = pd.DataFrame({"session_id": ids, "visitor_id": owner.astype(str), "started_at": DAY})
    visits["device"] = (owner // visitors).astype(str)
    visits["order_id"] = ids.where(orders)
    amount = np.round(rng.lognormal(3.5, 0.8, len(ids)), 2)
    placed = pd.DataFrame({"order_id": ids, "ordered_at": DAY, "amount": amount})[orders]
    return open_data({"orders": placed, "sessions": visits})


def visits(rng: np.random.Generator) -> None:
    """Print the coverage of both conversions and of revenue per visitor."""
    print("## Visits: coverage of the 95 % intervals\n")
    print(
        "| visitors | samples | rate | correlation | by session | naive | by visitor | revenue |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    revenue = np.exp(3.5 + 0.8**2 / 2) * 3.0
    for visitors, samples in VISITORS.items():
        for rate in (0.03, 0.1):
            for within in (0.0, 0.2):
                made = {"rate": rate, "within": within}
                with shop(rng, visitors=visitors, samples=samples, **made) as data:
                    rows = sales.traffic(sales.visits(data, **YEAR, by=["device"]), by="device")
                truth = _share_of_buyers(rng, **made)
                naive = [wilson(row.conversion_rate, row.sessions) for row in rows.itertuples()]
                shares = [
                    _inside(rows.conversion_rate_low, rate, rows.conversion_rate_high),
                    float(np.mean([low <= rate <= high for low, high in naive])),
                    _inside(rows.visitor_conversion_low, truth, rows.visitor_conversion_high),
                    _inside(
                        rows.revenue_per_visitor_low, rate * revenue, rows.revenue_per_visitor_high
                    ),
                ]
                told = " | ".join(f"{share:.3f}" for share in shares)
                print(f"| {visitors:,} | {samples} | {rate} | {within} | {told} |", flush=True)


def _share_of_buyers(rng: np.random.Generator, *, rate: float, within: float) -> float:
    """Return the probability that a visitor orders at least once."""
    size = 2_000_000
    odds = (1 - within) / within if within else None
    own = np.full(size, rate) if odds is None else rng.beta(rate * odds, (1 - rate) * odds, size)
    return float(np.mean(1 - (1 - own) ** (1 + rng.poisson(2.0, size))))


def _inside(low, truth: float, high) -> float:
    known = low.notna()
    return float(((low[known] <= truth) & (truth <= high[known])).mean())


def tree(rng: np.random.Generator) -> None:
    """Print the coverage of the effects of the tree, and of its growth."""
    print("\n## The tree: coverage of the 95 % interval of each effect, and of the growth\n")
    print(
        "| customers a year | of a pool | shops | orders | units | price | growth |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    both = periods(as_of="2026-01-01")
    for (customers, shops), is_fixed in product(CUSTOMERS.items(), (False, True)):
        inside = []
        for _ in range(shops):
            with open_data(_two_years(rng, customers, is_fixed=is_fixed)) as data:
                found = sales.shop_tree(data, periods=both)
            rows = found.factors
            # True growths: 10 % more customers, 5 % more units per order, 2 % dearer.
            growths = np.array([1.1, (1 + 1.5 * 1.08) / 2.5, 1.02])
            covered = [
                low <= growth - 1 <= high
                for low, growth, high in zip(
                    rows.change_low, growths, rows.change_high, strict=True
                )
            ]
            covered.append(found.change_low <= growths.prod() - 1 <= found.change_high)
            inside.append(covered)
        told = " | ".join(f"{share:.3f}" for share in np.mean(inside, axis=0))
        pool = "fixed" if is_fixed else "random"
        print(f"| {customers:,} | {pool} | {shops} | {told} |", flush=True)


def _two_years(
    rng: np.random.Generator, customers: int, *, is_fixed: bool
) -> dict[str, pd.DataFrame]:
    """Return orders and lines of two years; half of the customers of a pool come in each."""
    pool = 2 * customers if is_fixed else rng.poisson(2 * customers)
    tables = []
    for year, factor, units, price in ((2024, 1.0, 1.5, 1.0), (2025, 1.1, 1.62, 1.02)):
        people = np.flatnonzero(rng.random(pool) < 0.5 * factor)
        count = len(people)
        owner = np.repeat(people, 1 + rng.poisson(0.8, count))
        quantity = 1 + rng.poisson(units, len(owner))
        paid = price * rng.lognormal(3.0, 0.6, len(owner))
        day = pd.Timestamp(f"{year}-01-01") + pd.to_timedelta(rng.integers(0, 365, len(owner)), "D")
        ids = [f"{year} {n}" for n in range(len(owner))]
        tables.append(
            pd.DataFrame(
                {
                    "order_id": ids, "customer_id": owner.astype(str), "ordered_at": day,
                    "quantity": quantity, "unit_price": np.round(paid, 4),
                }
            )
        )  # fmt: skip
    rows = pd.concat(tables, ignore_index=True).assign(line_id="1")
    return {
        "orders": rows[["order_id", "customer_id", "ordered_at"]],
        "order_lines": rows[["order_id", "line_id", "quantity", "unit_price"]],
    }


def search(rng: np.random.Generator) -> None:
    """Print how often a search raises an alarm, where all is alike and where one step fails."""
    print("\n## The search for steps out of line, 4 devices and 5 channels\n")
    print("| fails on mobile | shops | any false alarm | any p < 0.05, uncorrected | found |")
    print("| --- | --- | --- | --- | --- |")
    for lost in (0.0, 0.3):
        rows = [_searched(rng, lost=lost) for _ in range(SHOPS)]
        told = " | ".join(f"{share:.3f}" for share in np.mean(rows, axis=0))
        print(f"| {lost:.0%} | {SHOPS} | {told} |", flush=True)


def _searched(rng: np.random.Generator, *, lost: float) -> tuple[bool, bool, bool]:
    visitors = 4_000
    owner = np.repeat(np.arange(visitors), 1 + rng.poisson(2.0, visitors))
    n = len(owner)
    keen = rng.beta(2, 8, visitors)[owner]
    device = rng.choice(["mobile", "desktop", "tablet", "app"], n, p=[0.5, 0.3, 0.1, 0.1])
    cart = rng.random(n) < keen
    checkout = cart & (rng.random(n) < 0.5)
    ordered = checkout & (rng.random(n) < 0.5)
    ordered &= ~((device == "mobile") & (rng.random(n) < lost))
    ids = pd.Series(np.arange(n).astype(str))
    table = pd.DataFrame(
        {
            "session_id": ids, "visitor_id": owner.astype(str), "started_at": DAY,
            "device": device, "marketing_channel": rng.choice(list("abcde"), n),
            "page_views": np.where(cart, 5, 1 + rng.poisson(1.0, n)), "cart": cart,
            "checkout": checkout, "order_id": ids.where(ordered),
        }
    )  # fmt: skip
    orders = pd.DataFrame({"order_id": ids[ordered], "ordered_at": DAY})
    with open_data({"orders": orders, "sessions": table}) as data:
        found = sales.out_of_line(sales.visits(data, **YEAR))
    apart = found[found.verdict.isin(["higher", "lower"])]
    planted = (apart.value == "mobile") & (apart.step == "order_rate")
    # A fault of mobile also parts those compared with it before it was set aside.
    false = apart[~planted] if not lost else apart[apart.step != "order_rate"]
    return len(false) > 0, bool((found.p < 0.05).any()), bool(planted.any())


if __name__ == "__main__":
    print("# Intervals of sales, and searches for steps out of line\n\nSeed 2026\n")
    visits(np.random.default_rng(2026))
    tree(np.random.default_rng(2026))
    search(np.random.default_rng(2026))
